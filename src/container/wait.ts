import type { Engine } from './engine.ts';
import { isAlive } from './state.ts';
import type { Container } from './table.ts';

export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

export interface Exit {
  exitCode: number;
  error: string;
}

/**
 * Resolves with the exit code; the registration is complete when the call returns its promise.
 * @param signal ends the waiting: the promise rejects with its reason
 */
export function wait(
  _engine: Engine,
  container: Container,
  condition: WaitCondition,
  signal: AbortSignal,
): Promise<Exit> {
  const { state } = container.record;
  if (condition === 'not-running' && !isAlive(state) && state.status !== 'restarting')
    return Promise.resolve(lastExit(container));
  return new Promise((resolve, reject) => {
    const event = condition === 'removed' ? 'removed' : 'exit';
    const done = () => {
      cleanUp();
      resolve(lastExit(container));
    };
    const abort = () => {
      cleanUp();
      reject(signal.reason as Error);
    };
    const cleanUp = () => {
      container.off(event, done);
      container.off('removed', done);
      signal.removeEventListener('abort', abort);
    };
    container.once(event, done);
    if (event !== 'removed') container.once('removed', done);
    signal.addEventListener('abort', abort);
  });
}

function lastExit({ record: { state } }: Container): Exit {
  return 'exitCode' in state
    ? { exitCode: state.exitCode, error: state.error }
    : { exitCode: 0, error: '' };
}
