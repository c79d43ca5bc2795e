/** `POST /containers/prune`: removes all that do not run. */
import { ConflictError, NotFoundError } from '../errors/errors.ts';
import type { Engine } from './engine.ts';
import { ownLayerBytes } from './layer-size.ts';
import { remove } from './remove.ts';
import { isAlive } from './state.ts';
import type { Container } from './table.ts';

/**
 * @param isWanted which of those that do not run are to go
 * @returns ids of those that are gone, and what they took on disk
 */
export async function pruneContainers(
  engine: Engine,
  isWanted: (container: Container) => boolean,
): Promise<{ deleted: string[]; reclaimedBytes: number }> {
  const deleted: string[] = [];
  let reclaimedBytes = 0;
  for (const container of engine.containers.all()) {
    const { state } = container.record;
    if (isAlive(state) || state.status === 'restarting' || !isWanted(container)) continue;
    const bytes = await ownLayerBytes(container);
    if (!(await removeIfIdle(engine, container))) continue;
    deleted.push(container.id);
    reclaimedBytes += bytes;
  }
  return { deleted, reclaimedBytes };
}

/** Somebody may have started or removed it meanwhile. */
async function removeIfIdle(engine: Engine, container: Container): Promise<boolean> {
  try {
    await remove(engine, container, { force: false, volumes: false });
    return true;
  } catch (error) {
    if (error instanceof ConflictError || error instanceof NotFoundError) return false;
    throw error;
  }
}
