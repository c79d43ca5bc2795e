import { NotBuiltError } from '../errors/errors.ts';
import type { Engine } from './engine.ts';
import type { Container } from './table.ts';

export async function pause(_engine: Engine, _container: Container): Promise<void> {
  throw new NotBuiltError('pause');
}
export async function unpause(_engine: Engine, _container: Container): Promise<void> {
  throw new NotBuiltError('unpause');
}
