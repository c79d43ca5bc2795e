import { NotBuiltError } from '../errors/errors.ts';
import type { Engine } from './engine.ts';
import type { Container } from './table.ts';

export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

/** Resolves with the exit code; the promise's registration is complete when the call returns. */
export function wait(
  _engine: Engine,
  _container: Container,
  _condition: WaitCondition,
  _signal: AbortSignal,
): Promise<{ exitCode: number; error: string }> {
  return Promise.reject(new NotBuiltError('wait'));
}
