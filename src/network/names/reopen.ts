/**
 * The sockets of a container that runs already: it was started without the name service, or the engine that
 * held them has ended. setns(2) with a pidfd.
 */
import { randomInt } from 'node:crypto';
import { KernelError } from '../../errors/errors.ts';
import { close } from '../../kernel/files.ts';
import { inetCalls } from '../../kernel/inet.ts';
import { hop } from '../../kernel/namespaces.ts';
import { type NftCommand, nft, nftList } from '../../kernel/nftables.ts';
import { openSameProcess, type ProcessIdentity } from '../../kernel/pidfd.ts';
import { errnoNumber } from '../../step/flags.ts';
import { type Handlers, perform, type Slots, StepFailure } from '../../step/perform.ts';
import { numberSteps, type StepDraft } from '../../step/step.ts';
import type { NameSockets } from './server.ts';
import {
  NAME_PORTS,
  NAME_SLOTS,
  nameServiceSteps,
  redirectedPort,
  socketSteps,
  TABLE,
} from './steps.ts';

/** A program inside may have taken the port; several times in a row is no accident. */
const ATTEMPTS = 5;

const handlers: Handlers = {
  ...inetCalls,
  nft({ commands }) {
    nft(commands as NftCommand[]);
    return 0;
  },
  close({ fd }) {
    close(Number(fd));
    return 0;
  },
};

/**
 * @param process any in the container
 * @returns undefined when it has ended
 * @throws StepFailure when the container's network does not let us, for example with its loopback interface down
 */
export function reopenNameSockets(process: ProcessIdentity): NameSockets | undefined {
  const pidfd = openSameProcess(process);
  if (pidfd === undefined) return undefined;
  try {
    return hop(pidfd, openHere);
  } catch (error) {
    if (error instanceof KernelError && error.code === 'ESRCH') return undefined;
    throw error;
  } finally {
    close(pidfd);
  }
}

/**
 * In the namespace the thread is in. The port of the rules that are there is taken again if that can be: to change
 * rules takes ten times as long as to read them, for the kernel waits until nobody uses the old ones.
 */
function openHere(): NameSockets {
  const port = portInUse();
  const again = port === undefined ? undefined : unlessTaken(socketSteps(port));
  if (again) return again;
  for (let attempt = 1; attempt < ATTEMPTS; attempt++) {
    const sockets = unlessTaken(nameServiceSteps(randomNamePort()));
    if (sockets) return sockets;
  }
  return performSteps(nameServiceSteps(randomNamePort()));
}

function portInUse(): number | undefined {
  try {
    return redirectedPort(nftList({ table: TABLE }));
  } catch {
    // There is no such table.
    return undefined;
  }
}

function unlessTaken(steps: readonly StepDraft[]): NameSockets | undefined {
  try {
    return performSteps(steps);
  } catch (error) {
    if (error instanceof StepFailure && error.errno === errnoNumber('EADDRINUSE')) return undefined;
    throw error;
  }
}

function performSteps(drafts: readonly StepDraft[]): NameSockets {
  const slots: Slots = new Map();
  perform(numberSteps(drafts), { handlers, slots, onResult: () => undefined });
  return takeNameSockets(slots) as NameSockets;
}

export function randomNamePort(): number {
  return randomInt(NAME_PORTS.first, NAME_PORTS.last + 1);
}

/** Takes the descriptors out of the slots: they are the caller's to close. */
export function takeNameSockets(slots: Slots): NameSockets | undefined {
  const udp = slots.get(NAME_SLOTS.udp);
  const tcp = slots.get(NAME_SLOTS.tcp);
  if (udp === undefined || tcp === undefined) return undefined;
  slots.delete(NAME_SLOTS.udp);
  slots.delete(NAME_SLOTS.tcp);
  return { udp, tcp };
}
