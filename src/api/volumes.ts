import type { Exchange } from './exchange.ts';
import { Filters } from './filters.ts';

/** `GET /volumes`: there are none yet. */
export function list(exchange: Exchange): void {
  new Filters(exchange.query, ['dangling', 'driver', 'label', 'name']);
  exchange.json({ Volumes: [], Warnings: null });
}
