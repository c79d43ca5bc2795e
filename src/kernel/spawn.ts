/**
 * Starting the shim: posix_spawn(3), which unlike fork(2) does not copy the supervisor's page tables and
 * so costs the same however large it is. Node knows nothing of the child: `reap` collects it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { KernelError } from '../errors/errors.ts';
import { check, constants, declare, errnoName, flagBits } from './ffi.ts';

const c = {
  spawn: declare(
    'int posix_spawn(int *pid, const char *path, const void *actions, const void *attributes, const char **argv, const char **envp)',
  ),
  actionsInit: declare('int posix_spawn_file_actions_init(void *actions)'),
  actionsDestroy: declare('int posix_spawn_file_actions_destroy(void *actions)'),
  addOpen: declare(
    'int posix_spawn_file_actions_addopen(void *actions, int fd, const char *path, int flags, unsigned int mode)',
  ),
  addDup2: declare('int posix_spawn_file_actions_adddup2(void *actions, int fd, int to)'),
  addChdir: declare('int posix_spawn_file_actions_addchdir_np(void *actions, const char *path)'),
  attrInit: declare('int posix_spawnattr_init(void *attributes)'),
  setFlags: declare('int posix_spawnattr_setflags(void *attributes, short flags)'),
  setSigdefault: declare('int posix_spawnattr_setsigdefault(void *attributes, const void *set)'),
  setSigmask: declare('int posix_spawnattr_setsigmask(void *attributes, const void *set)'),
  waitpid: declare('int waitpid(int pid, int *status, int options)'),
};

/** Larger than glibc's posix_spawnattr_t (336 bytes) and posix_spawn_file_actions_t (80) on any machine. */
const OPAQUE_BYTES = 512;
/** sizeof(sigset_t) */
const SIGSET_BYTES = 128;

export interface ShimSpawn {
  /** Descriptor of the program, e.g. a sealed memfd. The child does not keep it. */
  executableFd: number;
  argv: readonly string[];
  /** Working directory. */
  cwd: string;
  /** Descriptors the child has under the same numbers; all others are closed in it if they are CLOEXEC. */
  inherit: readonly number[];
}

/**
 * Starts a program in a session of its own, with no environment, all signals at their default and none
 * blocked, and /dev/null as standard input, output and error.
 * @returns its pid
 */
export function spawnShim({ executableFd, argv, cwd, inherit }: ShimSpawn): number {
  const path = `/proc/self/fd/${executableFd}`;
  const actions = Buffer.alloc(OPAQUE_BYTES);
  attributes ??= describeSignals();
  must(c.actionsInit(actions), 'posix_spawn_file_actions_init');
  try {
    describeDescriptors(actions, cwd, inherit);
    const pid = new Int32Array(1);
    must(c.spawn(pid, path, actions, attributes, [...argv, null], [null]), 'posix_spawn', [
      argv[0] ?? path,
      cwd,
    ]);
    return pid[0] as number;
  } finally {
    c.actionsDestroy(actions);
  }
}

/** How often a child that took its time is looked at. */
const LATE_MS = 500;

/**
 * Collects a child that has ended or is about to, so that it does not stay as a zombie. To be called when
 * the shim has said that it ends. One that has clients to serve stays longer: it is collected later.
 * @param timeoutMs after which this does not wait for it any more
 * @returns whether it is gone
 */
export async function reap(pid: number, timeoutMs = 2000): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  for (let waitMs = 1; ; waitMs = Math.min(waitMs * 2, 100)) {
    if (tryReap(pid)) return true;
    if (performance.now() > deadline) break;
    await delay(waitMs);
  }
  void reapLater(pid);
  return false;
}

async function reapLater(pid: number): Promise<void> {
  while (!tryReap(pid)) await delay(LATE_MS, undefined, { ref: false });
}

/** waitpid(2) without waiting. True when it is gone, also when it was never our child (after a restart). */
export function tryReap(pid: number): boolean {
  try {
    return check(c.waitpid(pid, null, constants.WNOHANG), 'waitpid', [String(pid)]) === pid;
  } catch (error) {
    if (error instanceof KernelError && error.code === 'ECHILD') return true;
    throw error;
  }
}

/** dup2 of a descriptor onto itself clears CLOEXEC in the child alone (glibc ≥ 2.29). */
function describeDescriptors(actions: Buffer, cwd: string, inherit: readonly number[]): void {
  for (const fd of [0, 1, 2]) {
    must(c.addOpen(actions, fd, '/dev/null', constants.O_RDWR, 0), 'addopen');
  }
  for (const fd of inherit) must(c.addDup2(actions, fd, fd), 'adddup2', [String(fd)]);
  must(c.addChdir(actions, cwd), 'addchdir_np', [cwd]);
}

/** The same for all that are spawned. */
let attributes: Buffer | undefined;

function describeSignals(): Buffer {
  const made = Buffer.alloc(OPAQUE_BYTES);
  must(c.attrInit(made), 'posix_spawnattr_init');
  const flags = ['POSIX_SPAWN_SETSID', 'POSIX_SPAWN_SETSIGDEF', 'POSIX_SPAWN_SETSIGMASK'];
  must(c.setFlags(made, flagBits(flags)), 'posix_spawnattr_setflags');
  must(c.setSigdefault(made, Buffer.alloc(SIGSET_BYTES, 0xff)), 'posix_spawnattr_setsigdefault');
  must(c.setSigmask(made, Buffer.alloc(SIGSET_BYTES)), 'posix_spawnattr_setsigmask');
  return made;
}

/** The posix_spawn family returns the error number itself and leaves errno alone. */
function must(error: number, call: string, on: readonly string[] = []): void {
  if (error === 0) return;
  const hint = error === 2 ? 'the working directory or the program is not there' : undefined;
  throw new KernelError(call, error, errnoName(error), on, hint);
}
