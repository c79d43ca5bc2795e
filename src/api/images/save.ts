/** `GET /images/get?names=…` and `GET /images/{name}/get`: images as an archive. */
import { emitImage } from '../../container/events.ts';
import { saveImages } from '../../image/archive/save.ts';
import type { Exchange } from '../exchange.ts';
import { sendArchive } from '../tar-stream.ts';

export function saveSeveral(exchange: Exchange): Promise<void> {
  return send(exchange, exchange.query.all('names'));
}

export function saveOne(exchange: Exchange): Promise<void> {
  return send(exchange, [exchange.param('name')]);
}

async function send(exchange: Exchange, names: readonly string[]): Promise<void> {
  const { engine } = exchange;
  const { archive, ids } = saveImages(engine.images, names);
  await sendArchive(exchange, archive);
  for (const id of ids) emitImage(engine, 'save', id, id);
}
