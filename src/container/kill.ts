import { NotBuiltError } from '../errors/errors.ts';
import type { Engine } from './engine.ts';
import type { Container } from './table.ts';

/**
 * @param signal a name with or without SIG, or a number
 * @throws InvalidError for an unknown signal, ConflictError when it does not run
 */
export async function kill(_engine: Engine, _container: Container, _signal: string): Promise<void> {
  throw new NotBuiltError('kill');
}
