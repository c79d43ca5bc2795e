import { NotBuiltError } from '../errors/errors.ts';
import type { Engine } from './engine.ts';
import type { Container } from './table.ts';

export interface StopOptions {
  /** Undefined: the container's StopSignal, else SIGTERM. */
  signal?: string;
  /** How long to wait before SIGKILL; -1 for ever. Undefined: the container's StopTimeout, else 10. */
  timeoutSeconds?: number;
}

/** @throws NotModifiedError when it does not run */
export async function stop(
  _engine: Engine,
  _container: Container,
  _options: StopOptions = {},
): Promise<void> {
  throw new NotBuiltError('stop');
}

/** Stops it if it runs, and starts it. */
export async function restart(
  _engine: Engine,
  _container: Container,
  _options: StopOptions = {},
): Promise<void> {
  throw new NotBuiltError('restart');
}
