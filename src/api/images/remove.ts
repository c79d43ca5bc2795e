import { isAlive } from '../../container/state.ts';
import type { Exchange } from '../exchange.ts';

/** `DELETE /images/{name}?force=&noprune=` */
export async function remove(exchange: Exchange): Promise<void> {
  const { engine, query } = exchange;
  const options = { force: query.flag('force'), prune: !query.flag('noprune') };
  const removed = await engine.images.remove(exchange.param('name'), options, (imageId) => {
    const users = engine.containers.all().filter(({ record }) => record.imageId === imageId);
    const user = users.find(({ record }) => isAlive(record.state)) ?? users[0];
    return user && { container: user.id, running: isAlive(user.record.state) };
  });
  exchange.json(removed);
}
