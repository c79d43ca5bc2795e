import { NotBuiltError } from '../errors/errors.ts';
import type { Engine } from './engine.ts';
import type { Container } from './table.ts';

/**
 * @throws NotModifiedError when it is running, StartError (with exit code 126/127/128) when the
 *   program could not be started; then nothing of the attempt is left
 */
export async function start(_engine: Engine, _container: Container): Promise<void> {
  throw new NotBuiltError('start');
}
