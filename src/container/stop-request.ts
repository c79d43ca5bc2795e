/** The user wants a container to end: then no restart policy counts, whatever becomes of the supervisor meanwhile. */
import { constants } from 'node:os';
import { parseSignal } from '../kernel/signals.ts';
import { isNone } from './restart-policy.ts';
import { setState } from './set-state.ts';
import type { Container } from './table.ts';

const { SIGKILL, SIGTERM, SIGINT, SIGQUIT, SIGABRT } = constants.signals;

/**
 * Whether who sends this signal wants the container to end. Docker takes every signal for that, also SIGHUP, by which
 * many programs only read their configuration again; then a later crash is not restarted.
 */
export function asksToEnd(signal: number, { record }: Container): boolean {
  const own = record.config.StopSignal;
  return (
    [SIGKILL, SIGTERM, SIGINT, SIGQUIT, SIGABRT].includes(signal) ||
    (own !== undefined && own !== '' && parseSignal(own) === signal)
  );
}

/** Remembers it, on disk when a policy could start the container again. */
export async function requestStop(container: Container): Promise<void> {
  container.stopRequested = true;
  if (isNone(container.record.hostConfig.RestartPolicy)) return;
  await container.lock.run(async () => {
    if (container.record.manuallyStopped) return;
    await setState(container, container.record.state, { manuallyStopped: true });
  });
}

/**
 * Ends the waiting of a container that would be started again.
 * @returns false when it does not wait
 */
export async function cancelRestart(container: Container): Promise<boolean> {
  if (container.record.state.status !== 'restarting') return false;
  const { exitCode, error } = await container.lock.run(async () => {
    const { state } = container.record;
    if (state.status !== 'restarting') return { exitCode: undefined, error: '' };
    await setState(container, { ...state, status: 'exited' }, { manuallyStopped: true });
    return state;
  });
  if (exitCode === undefined) return false;
  container.emit('exit', exitCode, error);
  return true;
}
