import type { Engine } from '../../container/engine.ts';
import { isAlive } from '../../container/state.ts';
import type { InUse } from '../../image/remove.ts';

/** A container that uses the image; a running one if there is any. */
export function userOf(engine: Engine, imageId: string): InUse {
  const users = engine.containers.all().filter(({ record }) => record.imageId === imageId);
  const user = users.find(({ record }) => isAlive(record.state)) ?? users[0];
  return user && { container: user.id, running: isAlive(user.record.state) };
}
