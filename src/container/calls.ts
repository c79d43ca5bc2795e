/** How the supervisor performs each call of its steps: the table `perform` looks them up in. */

import { KernelError } from '../errors/errors.ts';
import { attachDeviceFilter, parseDeviceRule } from '../kernel/device-filter.ts';
import { flagBits } from '../kernel/ffi.ts';
import { chmod, close, mkdir, open, rmdir, writeFile } from '../kernel/files.ts';
import { inetCalls } from '../kernel/inet.ts';
import { sealedMemfd } from '../kernel/memfd.ts';
import { setns, unshare } from '../kernel/namespaces.ts';
import { netlinkCalls } from '../kernel/netlink/calls.ts';
import { type NftCommand, nft } from '../kernel/nftables.ts';
import { bootId, openSameProcess } from '../kernel/pidfd.ts';
import { spawnShim } from '../kernel/spawn.ts';
import { encodePlan, type ShimPlan } from '../step/encode.ts';
import { errnoNumber } from '../step/flags.ts';
import type { Handlers, Slots } from '../step/perform.ts';
import type { Args, Step } from '../step/step.ts';
import type { Engine } from './engine.ts';
import { portCalls } from './network/ports.ts';
import type { ShimSocket } from './shim-socket.ts';

/** What starting a shim takes besides its step. */
export interface ForShim {
  engine: Engine;
  steps: readonly Step[];
  socket: ShimSocket;
  shim: ShimPlan;
}

export function handlersFor(attempt: ForShim): Handlers {
  return {
    ...engineCalls,
    ...portCalls(attempt.engine, engineCalls),
    posix_spawn: ({ cwd, inherit }) =>
      spawn(attempt, String(cwd), inherit as unknown as Readonly<Record<string, number>>),
  };
}

const kernelCalls: Handlers = {
  mkdir: ({ path, mode }) => done(mkdir(text(path), Number(mode))),
  chmod: ({ path, mode }) => done(chmod(text(path), Number(mode))),
  rmdir: ({ path }) => done(rmdir(text(path))),
  write: ({ path, data }) => done(writeFile(text(path), text(data))),
  open: ({ path, flags, mode }) => open(text(path), flags as string[], Number(mode ?? 0)),
  close: ({ fd }) => done(close(Number(fd))),
  pidfd_open: ({ pid, start_ticks }) => holdProcess(Number(pid), Number(start_ticks)),
  unshare: ({ flags }) => done(unshare(flags as string[])),
  setns: ({ fd, nstype }) => done(setns(Number(fd), flagBits(nstype as string[]))),
  BPF_PROG_ATTACH: ({ path, allow }) =>
    done(attachDeviceFilter(text(path), (allow as string[]).map(parseDeviceRule))),
};

/** What needs no shim. */
export const engineCalls: Handlers = {
  ...kernelCalls,
  ...netlinkCalls,
  ...inetCalls,
  socket: (args) =>
    args.domain === 'AF_INET' ? inetCalls.socket(args) : netlinkCalls.socket(args),
  nft: ({ commands }) => done(nft(commands as NftCommand[])),
};

/** @throws KernelError ESRCH when it has ended, also when its number is another's now */
function holdProcess(pid: number, startTicks: number): number {
  const pidfd = openSameProcess({ pid, startTicks, bootId: bootId() });
  if (pidfd === undefined)
    throw new KernelError('pidfd_open', errnoNumber('ESRCH'), 'ESRCH', [String(pid)]);
  return pidfd;
}

function text(arg: Args[string] | undefined): string {
  return String(arg);
}

/** These calls return nothing but success. */
function done(_: unknown): number {
  return 0;
}

function spawn(
  { engine, steps, socket, shim }: ForShim,
  cwd: string,
  inherit: Readonly<Record<string, number>>,
): number {
  const wire = encodePlan(shim, steps, new Map(Object.entries(inherit)));
  const planFd = sealedMemfd('petri-plan', wire);
  try {
    return spawnShim({
      executableFd: engine.shimFd,
      argv: ['petri-shim', String(planFd), String(socket.listenFd)],
      cwd,
      inherit: [planFd, socket.listenFd, ...Object.values(inherit)],
    });
  } finally {
    close(planFd);
    socket.closeListener();
  }
}

/** Closes what an attempt opened and nobody closed: the shim has its own copies. */
export function closeOwn(slots: Slots, kept: ReadonlyMap<string, number>): void {
  for (const [name, fd] of slots) {
    if (!kept.has(name)) close(fd);
    slots.delete(name);
  }
}
