import { InvalidError, NotFoundError } from '../errors/errors.ts';
import type { Engine } from './engine.ts';
import type { Container } from './table.ts';

/**
 * Another container that an option of a new one names.
 * @throws InvalidError; not a 404, which docker's command takes for a missing image: it would pull one
 */
export function existing(engine: Engine, ref: string): Container {
  return named(() => engine.containers.find(ref));
}

/** What an option names is not there: that is the option's fault. */
export function named<T>(find: () => T): T {
  try {
    return find();
  } catch (error) {
    throw error instanceof NotFoundError ? new InvalidError(error.message) : error;
  }
}
