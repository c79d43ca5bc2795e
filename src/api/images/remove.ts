import type { Engine } from '../../container/engine.ts';
import { emitImage } from '../../container/events.ts';
import type { Removed } from '../../image/remove.ts';
import type { Exchange } from '../exchange.ts';
import { userOf } from './user.ts';

/** `DELETE /images/{name}?force=&noprune=` */
export async function remove(exchange: Exchange): Promise<void> {
  const { engine, query } = exchange;
  const options = { force: query.flag('force'), prune: !query.flag('noprune') };
  exchange.json(await removeImage(engine, exchange.param('name'), options));
}

/** Removes references, and the image with the last of them; publishes what has gone. */
export async function removeImage(
  engine: Engine,
  name: string,
  options: { force: boolean; prune?: boolean },
): Promise<Removed[]> {
  const { id } = engine.images.find(name);
  const removed = await engine.images.remove(name, options, (one) => userOf(engine, one));
  for (const { Untagged, Deleted } of removed) {
    if (Untagged !== undefined) emitImage(engine, 'untag', id, id);
    // The others that are named are its layers.
    else if (Deleted === id) emitImage(engine, 'delete', id, id);
  }
  return removed;
}
