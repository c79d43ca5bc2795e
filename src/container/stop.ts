/** `POST /containers/{id}/stop` and `/restart` */
import { ConflictError, NotModifiedError } from '../errors/errors.ts';
import type { Engine } from './engine.ts';
import { emit } from './events.ts';
import { endOf, kill } from './kill.ts';
import { start } from './start.ts';
import { isAlive } from './state.ts';
import type { Container } from './table.ts';

const DEFAULT_TIMEOUT_SECONDS = 10;

export interface StopOptions {
  /** Undefined: the container's StopSignal, else SIGTERM. */
  signal?: string;
  /** How long to wait before SIGKILL; -1 for ever. Undefined: the container's StopTimeout, else 10. */
  timeoutSeconds?: number;
}

/** @throws NotModifiedError when it does not run */
export async function stop(
  engine: Engine,
  container: Container,
  options: StopOptions = {},
): Promise<void> {
  await container.lock.idle();
  const { config, state, name } = container.record;
  if (!isAlive(state)) throw new NotModifiedError(`container ${name} is already stopped`);
  container.stopRequested = true;
  const timeoutSeconds = options.timeoutSeconds ?? config.StopTimeout ?? DEFAULT_TIMEOUT_SECONDS;
  const ended = endOf(container);
  await signalUnlessGone(engine, container, options.signal ?? config.StopSignal ?? 'SIGTERM');
  if (!(await within(ended, timeoutSeconds))) {
    await signalUnlessGone(engine, container, 'SIGKILL');
    await ended;
  }
  emit(engine, container, 'stop');
}

/** Stops it if it runs, and starts it. */
export async function restart(
  engine: Engine,
  container: Container,
  options: StopOptions = {},
): Promise<void> {
  if (isAlive(container.record.state)) await stop(engine, container, options);
  await start(engine, container);
  emit(engine, container, 'restart');
}

/** It may end by itself between the look and the signal. */
async function signalUnlessGone(
  engine: Engine,
  container: Container,
  signal: string,
): Promise<void> {
  try {
    await kill(engine, container, signal);
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
  }
}

/** True when `ended` settles within the time; a negative time is for ever. */
async function within(ended: Promise<void>, seconds: number): Promise<boolean> {
  if (seconds < 0) return ended.then(() => true);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), Math.min(seconds * 1000, 2 ** 31 - 1));
  });
  try {
    return await Promise.race([ended.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
