import { NotFoundError } from '../errors/errors.ts';
import type { Exchange } from './exchange.ts';
import { Filters } from './filters.ts';

/** `GET /volumes`: there are none yet. */
export function list(exchange: Exchange): void {
  new Filters(exchange.query, ['dangling', 'driver', 'label', 'name']);
  exchange.json({ Volumes: [], Warnings: null });
}

/** `GET` and `DELETE /volumes/{name}`: `docker inspect` asks here too for a name it does not know. */
export function unknown({ params }: Exchange): never {
  throw new NotFoundError(`get ${params.name}: no such volume`);
}
