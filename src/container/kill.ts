/** `POST /containers/{id}/kill` */
import { ConflictError, NotModifiedError, SystemError } from '../errors/errors.ts';
import { sendSignal } from '../kernel/pidfd.ts';
import { parseSignal } from '../kernel/signals.ts';
import type { Engine } from './engine.ts';
import { emit } from './events.ts';
import { thaw, unpause } from './pause.ts';
import { isAlive } from './state.ts';
import { asksToEnd, cancelRestart, requestStop } from './stop-request.ts';
import type { Container } from './table.ts';

const SIGKILL = 9;
/** How long the kernel may take to bury who was sent SIGKILL. A process that waits for a device may take longer. */
const BURIAL_SECONDS = 10;

/**
 * Sends a signal; after SIGKILL waits until the container has ended, as docker does.
 * @param signal a name with or without SIG, or a number
 * @throws InvalidError for an unknown signal, ConflictError when it does not run, SystemError when it does not die
 */
export async function kill(engine: Engine, container: Container, signal: string): Promise<void> {
  const ended = endOf(container);
  await sendTo(engine, container, signal);
  if (parseSignal(signal) !== SIGKILL || (await within(ended, BURIAL_SECONDS))) return;
  throw new SystemError(
    `cannot kill container ${container.name}: it did not end within ${BURIAL_SECONDS} seconds of SIGKILL; a process in uninterruptible sleep (state D in ps) waits for the kernel`,
  );
}

/**
 * Sends a signal and does not wait. A frozen container is thawed for a signal that asks it to end; one that waits to
 * be started again stays ended.
 */
export async function sendTo(engine: Engine, container: Container, signal: string): Promise<void> {
  const number = parseSignal(signal);
  // The first output of a program can be seen a moment before its start is recorded.
  if (!isAlive(container.record.state)) await container.lock.idle();
  const isEnd = asksToEnd(number, container);
  if (isEnd && (await cancelRestart(container))) return;
  if (isEnd && isAlive(container.record.state)) await requestStop(container);
  const { state, id } = container.record;
  if (!isAlive(state))
    throw new ConflictError(
      `cannot kill container: ${container.name}: container ${id} is not running`,
    );
  sendSignal(state, number);
  emit(engine, container, 'kill', { signal: String(number) });
  if (state.status === 'paused' && isEnd) await wake(engine, container, number);
}

/** A frozen process takes a signal only once it is thawed. */
async function wake(engine: Engine, container: Container, signal: number): Promise<void> {
  try {
    await (signal === SIGKILL ? thaw(engine, container) : unpause(engine, container));
  } catch (error) {
    // It has died in the meantime, and its group with it.
    const isGone = ['ENOENT', 'ENODEV'].includes((error as NodeJS.ErrnoException).code ?? '');
    if (isAlive(container.record.state) && !isGone) throw error;
  }
}

/** Resolves when the container has ended; at once if it does not run. */
export function endOf(container: Container): Promise<void> {
  if (!isAlive(container.record.state)) return Promise.resolve();
  return new Promise((resolve) => container.once('exit', () => resolve()));
}

/** True when `ended` settles within the time; a negative time is for ever. */
export async function within(ended: Promise<void>, seconds: number): Promise<boolean> {
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

/** It may end by itself between the look and the deed. */
export async function unlessGone(deed: Promise<void>): Promise<void> {
  try {
    await deed;
  } catch (error) {
    if (!(error instanceof ConflictError || error instanceof NotModifiedError)) throw error;
  }
}
