import { NotBuiltError } from '../errors/errors.ts';
import type { Engine } from './engine.ts';
import type { Container } from './table.ts';

/**
 * @param options.force kill it first if it runs
 * @throws ConflictError when it runs and `force` is not set
 */
export async function remove(
  _engine: Engine,
  _container: Container,
  _options: { force: boolean; volumes: boolean },
): Promise<void> {
  throw new NotBuiltError('remove');
}
