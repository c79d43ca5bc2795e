import type { Container } from '../../container/table.ts';
import type { Exchange } from '../exchange.ts';

/**
 * The container that the path names.
 * @throws NotFoundError, InvalidError (a prefix that fits several)
 */
export function containerOf({ engine, params }: Exchange): Container {
  return engine.containers.find(params.id ?? '');
}
