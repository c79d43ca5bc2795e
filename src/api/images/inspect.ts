import { historyOf } from '../../image/history.ts';
import type { Exchange } from '../exchange.ts';
import { imageDetail, imageHistory } from '../views/image.ts';

/** `GET /images/{name}/json` */
export function inspect(exchange: Exchange): void {
  exchange.json(imageDetail(exchange.engine.images.find(exchange.param('name'))));
}

/** `GET /images/{name}/history` */
export function history(exchange: Exchange): void {
  const { images } = exchange.engine;
  exchange.json(imageHistory(historyOf(images, images.find(exchange.param('name')))));
}
