/** Copies what an image has where a new container mounts its volumes into those that are empty. */
import { randomBytes } from 'node:crypto';
import { closeSync } from 'node:fs';
import { InvalidError, KernelError } from '../errors/errors.ts';
import { detachedOverlay } from '../kernel/detached-overlay.ts';
import { constants } from '../kernel/ffi.ts';
import { openAt } from '../kernel/files-at.ts';
import { fillVolume } from '../volume/fill.ts';
import { mountFor, unmountFor } from '../volume/mount.ts';
import type { Volume } from '../volume/store.ts';
import type { Engine } from './engine.ts';
import type { MountPoint, VolumeMount } from './option/mount-point.ts';
import { isVolume } from './option/mount-points.ts';
import { inRoot } from './root-path.ts';

/**
 * The image's paths are resolved in its own root, mounted nowhere: no link in it leads to a file of the host.
 * @param layers of the image, top first; at least two
 * @throws InvalidError when the image has a file where a volume goes
 */
export async function fillVolumes(
  engine: Engine,
  mounts: readonly MountPoint[],
  layers: readonly string[],
): Promise<void> {
  const wanted = mounts.filter(isVolume).filter(({ copies }) => copies);
  if (wanted.length === 0) return;
  const root = detachedOverlay(layers);
  try {
    for (const mount of wanted) await fillFrom(engine, root, mount);
  } finally {
    closeSync(root);
  }
}

async function fillFrom(engine: Engine, root: number, mount: VolumeMount): Promise<void> {
  const folder = folderOf(root, mount.target);
  if (folder === undefined) return;
  try {
    const volume = engine.volumes.find(mount.name);
    const fill = () => fillVolume(engine.volumes, volume, folder);
    await (volume.device ? whileMounted(volume, fill) : fill());
  } finally {
    closeSync(folder);
  }
}

/** What the image has there; undefined when it has nothing. */
function folderOf(root: number, target: string): number | undefined {
  try {
    return openAt(root, target, constants.O_PATH | constants.O_DIRECTORY, 0, inRoot);
  } catch (error) {
    const code = error instanceof KernelError ? error.code : '';
    if (code === 'ENOENT') return undefined;
    if (code === 'ENOTDIR')
      throw new InvalidError(`cannot mount volume over existing file, file exists ${target}`);
    throw code === 'ELOOP'
      ? new InvalidError(`cannot mount a volume on ${target}: a link of the image leads nowhere`)
      : error;
  }
}

async function whileMounted(volume: Volume, work: () => Promise<void>): Promise<void> {
  const holder = `fill ${randomBytes(8).toString('hex')}`;
  await mountFor(volume, holder);
  try {
    await work();
  } finally {
    await unmountFor(volume, holder);
  }
}
