/**
 * Steps that change the network of a container that runs: the engine takes hold of the process whose
 * namespace it is, goes in for a socket, and works on it from outside. They are kept with those of the start.
 */
import { type Attachment, attachmentSteps, defaultRoutes } from '../../network/endpoint-steps.ts';
import { takeNameSockets } from '../../network/names/reopen.ts';
import type { NameSockets } from '../../network/names/server.ts';
import { closeNetlink, goHome, goInside, openInside, step } from '../../network/namespace-steps.ts';
import { perform } from '../../step/perform.ts';
import { numberSteps, type Result, type StepDraft, slot } from '../../step/step.ts';
import { closeOwn, engineCalls } from '../calls.ts';
import type { Engine } from '../engine.ts';
import type { ProcessIdentity } from '../state.ts';
import { keepSteps, readSteps } from '../steps-file.ts';
import type { Container } from '../table.ts';

export interface Change {
  /** An interface that comes. */
  plug?: Attachment | undefined;
  /** Name on the host of one that goes. */
  unplug?: string | undefined;
  /** Interfaces that had, and get, the default route; the same one or none: it stays as it is. */
  routeFrom?: Attachment | undefined;
  routeTo?: Attachment | undefined;
  /** Performed in the container's network. */
  inside?: readonly StepDraft[];
}

/** In the order that leaves the container without a way out for the shortest time. Pure. */
export function changeSteps({ plug, unplug, routeFrom, routeTo }: Change): StepDraft[] {
  return [
    ...(plug ? attachmentSteps(plug, takeOut(plug.endpoint.hostInterface)) : []),
    ...(routeFrom ? defaultRoutes(routeFrom, 'RTM_DELROUTE') : []),
    ...(unplug === undefined
      ? []
      : [
          step(
            'RTM_DELLINK',
            { netlink: slot('netlink.host'), name: unplug },
            'the cable is taken out: both its ends are gone, and with them addresses and routes',
            `ip link del ${unplug}`,
            'veth(4)',
          ),
        ]),
    ...(routeTo ? defaultRoutes(routeTo, 'RTM_NEWROUTE') : []),
  ];
}

/** Once the namespace is held, no end of the container can put another one in its place. */
export function holdSteps(
  { pid, startTicks }: ProcessIdentity,
  inside: readonly StepDraft[] = [],
): StepDraft[] {
  const out = slot('process');
  return [
    step(
      'pidfd_open',
      { pid, start_ticks: startTicks, out },
      'the container’s first process, and no later one with its number',
      `NETNS=/proc/${pid}/ns/net`,
      'pidfd_open(2)',
      { undo: { call: 'close', args: { fd: out } } },
    ),
    { ...goInside(), args: { fd: out, nstype: ['CLONE_NEWNET'] } },
    step(
      'open',
      { path: '/proc/self/ns/net', flags: ['O_RDONLY', 'O_CLOEXEC'], mode: 0, out: slot('netns') },
      'a descriptor of the network it is in',
      '# held by $NETNS',
      'namespaces(7)',
      { undo: { call: 'close', args: { fd: slot('netns') } } },
    ),
    openInside(),
    ...inside,
    goHome(),
  ];
}

/**
 * Performs the change now, as a whole or not at all.
 * @returns the sockets of the name service, if the steps opened them
 * @throws StepFailure; then everything has been taken back
 */
export async function performChange(
  engine: Engine,
  container: Container,
  process: ProcessIdentity,
  change: Change,
): Promise<NameSockets | undefined> {
  const kept = engine.networks.slots;
  const slots = new Map(kept);
  const results: Result[] = [];
  const before = (await readSteps(container)) ?? { steps: [], results: [] };
  const drafts = [...holdSteps(process, change.inside), ...changeSteps(change), closeNetlink()];
  const steps = numberSteps(drafts).map((one) => ({ ...one, n: one.n + before.steps.length }));
  try {
    perform(steps, {
      handlers: engineCalls,
      slots,
      onResult: (done, result) => {
        results.push(result);
        container.emit('step', done, result);
      },
    });
    keepSteps(engine, container, {
      steps: [...before.steps, ...steps],
      results: [...before.results, ...results],
    });
    return takeNameSockets(slots);
  } finally {
    closeOwn(slots, kept);
  }
}

function takeOut(name: string) {
  return { call: 'RTM_DELLINK', args: { netlink: slot('netlink.host'), name } };
}
