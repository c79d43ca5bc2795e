import { NotBuiltError } from '../errors/errors.ts';
import type { CreateRequest } from './config.ts';
import type { Engine } from './engine.ts';

/**
 * Makes a container in state `created`. Nothing exists of it if this throws.
 * @throws InvalidError (400), NotFoundError (no such image), ConflictError (name in use)
 */
export async function create(
  _engine: Engine,
  _request: CreateRequest,
): Promise<{ id: string; warnings: string[] }> {
  throw new NotBuiltError('create');
}
