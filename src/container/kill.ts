/** `POST /containers/{id}/kill` */
import { ConflictError } from '../errors/errors.ts';
import { sendSignal } from '../kernel/pidfd.ts';
import { parseSignal } from '../kernel/signals.ts';
import type { Engine } from './engine.ts';
import { emit } from './events.ts';
import { thaw } from './pause.ts';
import { isAlive } from './state.ts';
import type { Container } from './table.ts';

const SIGKILL = 9;

/**
 * @param signal a name with or without SIG, or a number
 * @throws InvalidError for an unknown signal, ConflictError when it does not run
 */
export async function kill(engine: Engine, container: Container, signal: string): Promise<void> {
  const number = parseSignal(signal);
  // The first output of a program can be seen a moment before its start is recorded.
  if (!isAlive(container.record.state)) await container.lock.idle();
  const { state, id } = container.record;
  if (!isAlive(state))
    throw new ConflictError(
      `cannot kill container: ${container.name}: container ${id} is not running`,
    );
  sendSignal(state, number);
  // A frozen process dies only once it is thawed.
  if (number === SIGKILL && state.status === 'paused') await thaw(engine, container);
  emit(engine, container, 'kill', { signal: String(number) });
}

/** Resolves when the container has ended; at once if it does not run. */
export function endOf(container: Container): Promise<void> {
  if (!isAlive(container.record.state)) return Promise.resolve();
  return new Promise((resolve) => container.once('exit', () => resolve()));
}
