import { NotBuiltError } from '../errors/errors.ts';
import type { Engine } from './engine.ts';
import type { Container } from './table.ts';

/** @throws InvalidError, ConflictError when the name is in use */
export async function rename(
  _engine: Engine,
  _container: Container,
  _newName: string,
): Promise<void> {
  throw new NotBuiltError('rename');
}
