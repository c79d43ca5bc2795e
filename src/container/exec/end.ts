/** The end of an exec: told by its shim, or found out when the shim is gone. */
import { bootId, sendSignal } from '../../kernel/pidfd.ts';
import { reap } from '../../kernel/spawn.ts';
import type { Engine } from '../engine.ts';
import { emit } from '../events.ts';
import type { ShimLink } from '../shim-link.ts';
import type { Container } from '../table.ts';
import type { Exec } from './exec.ts';
import { removeExecFolderSoon } from './folder.ts';

/** As docker: an exec that has ended can be asked about for a while. */
const KEPT_MS = 5 * 60_000;
/** The shim was killed, and the program with it. */
const UNKNOWN_EXIT = 255;
/** How long the end of a container waits for its execs, which the kernel has killed before it. */
const LAST_WORDS_MS = 2_000;
const SIGKILL = 9;

/** Follows the link until the exec has ended and its shim is gone. */
export function watchExecEnd(
  engine: Engine,
  exec: Exec,
  link: ShimLink,
  /** 0 when an earlier supervisor spawned it: then it is not ours to reap. */
  shimPid: number,
): void {
  exec.link = link;
  const exited = ({ exitCode }: { exitCode: number }) => {
    const attributes = { execID: exec.id, exitCode: String(exitCode) };
    recordExecEnd(exec, exitCode);
    emit(engine, exec.container, 'exec_die', attributes);
  };
  const closed = () => {
    exec.link = undefined;
    if (!link.exited) exited({ exitCode: UNKNOWN_EXIT });
    removeExecFolderSoon(exec);
    if (shimPid) void reap(shimPid);
  };
  if (link.exited) exited(link.exited);
  else link.once('exit', exited);
  if (link.closed) closed();
  else link.once('close', closed);
}

/** Makes it ended and tells those who wait. Later it is forgotten. */
export function recordExecEnd(exec: Exec, exitCode: number): void {
  const pid = exec.state.status === 'running' ? exec.state.pid : 0;
  exec.state = { status: 'ended', pid, exitCode };
  exec.emit('ended', exitCode);
  setTimeout(() => exec.container.execs.delete(exec.id), KEPT_MS).unref();
}

/** Resolves with the exit code; at once when it has ended. Of one that was never started it waits for the start. */
export function endOfExec(exec: Exec): Promise<number> {
  if (exec.state.status === 'ended') return Promise.resolve(exec.state.exitCode);
  return new Promise((resolve) => exec.once('ended', resolve));
}

/**
 * Resolves when no exec of a container that has ended is active any more. The kernel lets a pid namespace's first process
 * go only after all others, so they have ended before it and have only to say so; in a pid namespace of others they are
 * killed here.
 */
export async function endOfExecs({ execs }: Container): Promise<void> {
  const active = [...execs.values()].filter(({ isActive }) => isActive);
  if (active.length === 0) return;
  for (const { state } of active)
    if (state.status === 'running') sendSignal({ ...state, bootId: bootId() }, SIGKILL);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, LAST_WORDS_MS);
  });
  await Promise.race([Promise.all(active.map(endOfExec)), late]);
  clearTimeout(timer);
}
