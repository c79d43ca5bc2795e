/** `DELETE /containers/{id}` */
import { ConflictError, NotFoundError } from '../errors/errors.ts';
import { deleteTree, setAside } from '../store/remove-tree.ts';
import type { Engine } from './engine.ts';
import { emit } from './events.ts';
import { kill, unlessGone } from './kill.ts';
import { isVolume, mountsOf } from './option/mount-points.ts';
import { isAlive } from './state.ts';
import { forgetSteps } from './steps-file.ts';
import type { Container } from './table.ts';
import { removeUnused } from './take-mounts.ts';

/**
 * @param options.force kill it first if it runs
 * @param options.volumes those without a name go with the last container that has them
 * @throws ConflictError when it runs and `force` is not set, NotFoundError when somebody else removed it meanwhile
 */
export async function remove(
  engine: Engine,
  container: Container,
  options: { force: boolean; volumes: boolean },
): Promise<void> {
  await container.lock.idle();
  const { state } = container.record;
  const isKilled = options.force && (isAlive(state) || state.status === 'restarting');
  if (isKilled) await unlessGone(kill(engine, container, 'SIGKILL'));
  try {
    await container.lock.run(() => removeNow(engine, container, options.volumes));
  } catch (error) {
    // One that was started with --rm has removed itself at its end.
    if (!(isKilled && error instanceof NotFoundError)) throw error;
  }
}

async function removeNow(engine: Engine, container: Container, volumesToo: boolean): Promise<void> {
  const { state, name, id } = container.record;
  if (engine.containers.get(id) !== container) throw new NotFoundError(`No such container: ${id}`);
  if (isAlive(state) || state.status === 'restarting')
    throw new ConflictError(
      `cannot remove container "/${name}": container is ${state.status}${
        state.status === 'paused'
          ? ' and must be unpaused first'
          : ': stop the container before removing or force remove'
      }`,
    );
  forgetSteps(container);
  const aside = await setAside(container.paths.dir, engine.paths.trash);
  engine.containers.delete(container);
  container.lock.close(new NotFoundError(`No such container: ${id}`));
  emit(engine, container, 'destroy');
  container.emit('removed');
  if (volumesToo) await removeAnonymous(engine, container);
  // Nobody waits for the files to go; a crash leaves them to the next start.
  if (aside)
    void deleteTree(aside).catch((error) =>
      engine.log.warn({ err: error, aside }, 'cannot delete a removed container'),
    );
}

async function removeAnonymous(engine: Engine, { record }: Container): Promise<void> {
  for (const { name, isAnonymous } of mountsOf(record).filter(isVolume))
    if (isAnonymous) await removeUnused(engine, name);
}
