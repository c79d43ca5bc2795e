/** `POST /volumes/prune`: removes those that no container has. */
import { ConflictError, NotFoundError } from '../errors/errors.ts';
import { removeVolume } from './remove.ts';
import { volumeBytes } from './size.ts';
import type { Volume, VolumeStore } from './store.ts';

/**
 * @param isWanted which of the unused are to go
 * @returns those that are gone, and what they took on disk
 */
export async function pruneVolumes(
  volumes: VolumeStore,
  usersOf: (name: string) => readonly string[],
  isWanted: (volume: Volume) => boolean,
): Promise<{ deleted: Volume[]; reclaimedBytes: number }> {
  const deleted: Volume[] = [];
  let reclaimedBytes = 0;
  for (const volume of volumes.all()) {
    if (!isWanted(volume) || usersOf(volume.name).length > 0) continue;
    const bytes = await volumeBytes(volume);
    if (!(await removeIfUnused(volumes, volume, usersOf))) continue;
    deleted.push(volume);
    reclaimedBytes += Math.max(0, bytes);
  }
  return { deleted, reclaimedBytes };
}

/** Somebody may have taken or removed it meanwhile. */
async function removeIfUnused(
  volumes: VolumeStore,
  { name }: Volume,
  usersOf: (name: string) => readonly string[],
): Promise<boolean> {
  try {
    await removeVolume(volumes, name, usersOf);
    return true;
  } catch (error) {
    if (error instanceof ConflictError || error instanceof NotFoundError) return false;
    throw error;
  }
}
