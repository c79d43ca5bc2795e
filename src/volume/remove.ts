/** `DELETE /volumes/{name}`: the data go with it. */
import { ConflictError } from '../errors/errors.ts';
import { deleteTree, setAside } from '../store/remove-tree.ts';
import { unmountIdle } from './mount.ts';
import type { Volume, VolumeStore } from './store.ts';

/**
 * @param usersOf ids of the containers that have it mounted, running or not
 * @throws NotFoundError, ConflictError when it is in use
 */
export function removeVolume(
  volumes: VolumeStore,
  name: string,
  usersOf: (name: string) => readonly string[],
): Promise<Volume> {
  return volumes.lock.run(async () => {
    const volume = volumes.find(name);
    const users = usersOf(name);
    if (users.length > 0 || volumes.isHeld(name))
      throw new ConflictError(
        `remove ${name}: volume is in use${users.length > 0 ? ` - [${users.join(', ')}]` : ''}`,
      );
    await unmountIdle(volume);
    const aside = await setAside(volume.paths.dir, volumes.paths.trash);
    volumes.delete(name);
    // Nobody waits for the files to go; a crash leaves them to the next start.
    if (aside)
      void deleteTree(aside).catch((error) =>
        volumes.log.warn({ err: error, aside }, 'cannot delete a removed volume'),
      );
    return volume;
  });
}
