import type { Exchange } from '../exchange.ts';
import { userOf } from './user.ts';

/** `DELETE /images/{name}?force=&noprune=` */
export async function remove(exchange: Exchange): Promise<void> {
  const { engine, query } = exchange;
  const options = { force: query.flag('force'), prune: !query.flag('noprune') };
  const removed = await engine.images.remove(exchange.param('name'), options, (id) =>
    userOf(engine, id),
  );
  exchange.json(removed);
}
