import type { Exchange } from '../exchange.ts';
import { containerDetail } from '../views/container-detail.ts';
import { containerOf } from './find.ts';
import { sizesOf } from './sizes.ts';

/** `GET /containers/{id}/json?size=` */
export async function inspect(exchange: Exchange): Promise<void> {
  const container = containerOf(exchange);
  const sizes = exchange.query.flag('size') ? await sizesOf(exchange.engine, container) : undefined;
  exchange.json(containerDetail(exchange.engine, container, sizes));
}
