/**
 * Namespaces of the calling thread: namespaces(7), unshare(2), setns(2).
 *
 * Only `hop` is for the supervisor's main thread: it always comes back. What runs inside must be
 * synchronous: an await would let everything else run in the wrong namespace. CLONE_NEWPID must never be
 * unshared here (later children would land in it); it is refused.
 */

import { check, constants, declare, flagBits } from './ffi.ts';
import { close, open } from './files.ts';

const c = {
  unshare: declare('int unshare(int flags)'),
  setns: declare('int setns(int fd, int nstype)'),
};

export type NamespaceType = keyof typeof FLAGS;

const FLAGS = {
  cgroup: constants.CLONE_NEWCGROUP,
  ipc: constants.CLONE_NEWIPC,
  mnt: constants.CLONE_NEWNS,
  net: constants.CLONE_NEWNET,
  uts: constants.CLONE_NEWUTS,
} as const;

/**
 * unshare(2)
 * @param flags e.g. `['CLONE_FS']`; CLONE_NEWPID is refused
 */
export function unshare(flags: readonly string[] | number): void {
  const number = typeof flags === 'number' ? flags : flagBits(flags);
  if (number & constants.CLONE_NEWPID)
    throw new TypeError('unshare(CLONE_NEWPID) in the supervisor would trap its later children');
  check(
    c.unshare(number),
    'unshare',
    typeof flags === 'number' ? [`0x${flags.toString(16)}`] : flags,
  );
}

/** setns(2). @param nstype 0 or a flag such as CLONE_NEWNET that the descriptor must be of */
export function setns(fd: number, nstype: number): void {
  check(c.setns(fd, nstype), 'setns', [String(fd)]);
}

/** A descriptor of the calling thread's namespace (CLOEXEC); with a pid, of that process. */
export function openNamespace(type: NamespaceType | 'pid' | 'user' | 'time', pid?: number): number {
  const of = pid === undefined ? 'thread-self' : String(pid);
  return open(`/proc/${of}/ns/${type}`, ['O_RDONLY', 'O_CLOEXEC']);
}

/** The namespaces the process started in: the way back. Opened once and kept. */
const home = new Map<NamespaceType, number>();
let away: NamespaceType | undefined;

/**
 * Runs `work` in another namespace and comes back, whatever happens. If there is no way back the process
 * aborts: going on in the wrong namespace would harm the host or a container.
 * @param into descriptor of a namespace, or `new` for a fresh one
 * @param work synchronous; may not hop itself
 * @returns what `work` returned
 */
export function hop<T>(into: number | 'new', work: () => T, type: NamespaceType = 'net'): T {
  if (away) throw new TypeError(`already in another ${away} namespace: a hop cannot hop`);
  const back = homeOf(type);
  if (into === 'new') check(c.unshare(FLAGS[type]), 'unshare', [type]);
  else check(c.setns(into, FLAGS[type]), 'setns', [String(into), type]);
  away = type;
  try {
    return mustBeSynchronous(work());
  } finally {
    comeBack(back, type);
    away = undefined;
  }
}

/**
 * Makes a namespace without staying in it.
 * @param prepare runs inside it
 * @returns its descriptor (CLOEXEC)
 */
export function newNamespace(type: NamespaceType = 'net', prepare: () => void = () => {}): number {
  return hop(
    'new',
    () => {
      const fd = openNamespace(type);
      try {
        prepare();
        return fd;
      } catch (error) {
        close(fd);
        throw error;
      }
    },
    type,
  );
}

function homeOf(type: NamespaceType): number {
  let fd = home.get(type);
  if (fd === undefined) {
    fd = openNamespace(type);
    home.set(type, fd);
  }
  return fd;
}

function comeBack(fd: number, type: NamespaceType): void {
  if (c.setns(fd, FLAGS[type]) === 0) return;
  process.stderr.write(`petri: cannot return to the host's ${type} namespace: aborting\n`);
  process.abort();
}

function mustBeSynchronous<T>(value: T): T {
  if (typeof (value as { then?: unknown } | null | undefined)?.then === 'function')
    throw new TypeError('the work of a hop must be synchronous');
  return value;
}
