/**
 * The lifecycle of a container: its states as a discriminated union (a running one has a pid, an
 * exited one an exit code), and the one table of transitions that code, tests and docs share.
 *
 *     create ──▶ created ──start──▶ running ◀──unpause── paused
 *                   │                 │  └────pause───────▲ │
 *                 remove             exit                   exit
 *                   ▼                 ▼                     │
 *                removing ◀─remove─ exited ◀────────────────┘
 *                   │                 │ ▲
 *                   ▼               start restarting (exit with a restart policy)
 *                 (gone)              ▼
 *                                  running
 */
import { ConflictError, NotModifiedError } from '../errors/errors.ts';

/** Which process it is, for good: pids are reused, these three together are not. */
export interface ProcessIdentity {
  /** In the host's pid namespace. */
  pid: number;
  /** Clock ticks after boot, field 22 of proc_pid_stat(5). */
  startTicks: number;
  /** /proc/sys/kernel/random/boot_id */
  bootId: string;
}

interface Alive extends ProcessIdentity {
  /** RFC 3339 with nanoseconds. */
  startedAt: string;
}

interface Ended {
  exitCode: number;
  startedAt: string;
  finishedAt: string;
  oomKilled: boolean;
  /** Why it ended, when not by its own will; empty otherwise. */
  error: string;
}

export type ContainerState =
  /** exitCode and error are those of a start that failed. */
  | { status: 'created'; exitCode: number; error: string }
  | ({ status: 'running' } & Alive)
  | ({ status: 'paused' } & Alive)
  | ({ status: 'restarting' } & Ended)
  | ({ status: 'removing' } & Ended)
  | ({ status: 'exited' } & Ended)
  | ({ status: 'dead' } & Ended);

export type Status = ContainerState['status'];
export type Verb = 'start' | 'exit' | 'pause' | 'unpause' | 'restart-later' | 'remove';

/** transitions[verb][from] = to; what is not in the table is illegal. */
export const transitions: Record<Verb, Partial<Record<Status, Status>>> = {
  start: { created: 'running', exited: 'running', restarting: 'running' },
  exit: { running: 'exited', paused: 'exited', restarting: 'exited' },
  pause: { running: 'paused' },
  unpause: { paused: 'running' },
  'restart-later': { running: 'restarting', paused: 'restarting' },
  remove: { created: 'removing', exited: 'removing', dead: 'removing', removing: 'removing' },
};

/** True for states in which the container's processes exist. */
export function isAlive(
  state: ContainerState,
): state is Extract<ContainerState, { status: 'running' | 'paused' }> {
  return state.status === 'running' || state.status === 'paused';
}

/**
 * Checks that `verb` is legal in `state`.
 * @throws NotModifiedError (304) for a start of a running container
 * @throws ConflictError (409) otherwise, saying why
 */
export function assertTransition(verb: Verb, state: ContainerState, name: string): void {
  if (transitions[verb][state.status]) return;
  if (verb === 'start' && isAlive(state) && state.status === 'running')
    throw new NotModifiedError(`container ${name} is already running`);
  if (verb === 'start' && state.status === 'paused')
    throw new ConflictError('cannot start a paused container, try unpause instead');
  throw new ConflictError(`cannot ${verb} container ${name}: it is ${state.status}`);
}
