/** `POST /containers/{id}/stop` and `/restart` */
import { NotModifiedError } from '../errors/errors.ts';
import { parseSignal } from '../kernel/signals.ts';
import type { Engine } from './engine.ts';
import { emit } from './events.ts';
import { endOf, kill, sendTo, unlessGone, within } from './kill.ts';
import { start } from './start.ts';
import { isAlive } from './state.ts';
import { cancelRestart, requestStop } from './stop-request.ts';
import type { Container } from './table.ts';

const DEFAULT_TIMEOUT_SECONDS = 10;

export interface StopOptions {
  /** Undefined: the container's StopSignal, else SIGTERM. */
  signal?: string;
  /** How long to wait before SIGKILL; -1 for ever. Undefined: the container's StopTimeout, else 10. */
  timeoutSeconds?: number;
}

/**
 * Asks it to end and, when it does not in time, kills it. One that waits to be started again stays ended.
 * @throws NotModifiedError when it does not run, SystemError when not even SIGKILL ends it
 */
export async function stop(
  engine: Engine,
  container: Container,
  options: StopOptions = {},
): Promise<void> {
  const { config } = container.record;
  const signal = options.signal ?? config.StopSignal ?? 'SIGTERM';
  parseSignal(signal);
  await container.lock.idle();
  if (!(await cancelRestart(container))) {
    if (!isAlive(container.record.state))
      throw new NotModifiedError(`container ${container.name} is already stopped`);
    await requestStop(container);
    await end(
      engine,
      container,
      signal,
      options.timeoutSeconds ?? config.StopTimeout ?? DEFAULT_TIMEOUT_SECONDS,
    );
  }
  emit(engine, container, 'stop');
}

async function end(
  engine: Engine,
  container: Container,
  signal: string,
  timeoutSeconds: number,
): Promise<void> {
  const ended = endOf(container);
  await unlessGone(sendTo(engine, container, signal));
  if (!(await within(ended, timeoutSeconds))) await unlessGone(kill(engine, container, 'SIGKILL'));
}

/** Stops it if it runs, and starts it. */
export async function restart(
  engine: Engine,
  container: Container,
  options: StopOptions = {},
): Promise<void> {
  const { status } = container.record.state;
  container.isRestarting = true;
  try {
    if (isAlive(container.record.state) || status === 'restarting')
      await unlessGone(stop(engine, container, options));
  } finally {
    container.isRestarting = false;
  }
  try {
    await start(engine, container);
  } catch (error) {
    // Somebody else has started it meanwhile, as was wanted.
    if (!(error instanceof NotModifiedError)) throw error;
  }
  emit(engine, container, 'restart');
}
