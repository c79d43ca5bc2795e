/**
 * What a new container mounts, gathered from all who have a say in it: `--volumes-from`, then `-v`, `--mount` and
 * `--tmpfs`, then the volumes that its image wants where nothing else is. Volumes that are not there are made, new
 * ones are filled with what the image has at their place.
 */
import { ConflictError, InvalidError, NotFoundError } from '../errors/errors.ts';
import { createVolume, takeVolume } from '../volume/create.ts';
import { removeVolume } from '../volume/remove.ts';
import type { Volume } from '../volume/store.ts';
import type { ContainerConfig, HostConfig } from './config.ts';
import type { Engine } from './engine.ts';
import { emitVolume } from './events.ts';
import { existing, named } from './existing.ts';
import { fillVolumes } from './fill-volumes.ts';
import type { MountPoint, VolumeMount } from './option/mount-point.ts';
import { inOrder, isVolume, mountPoints, mountsOf } from './option/mount-points.ts';
import { anonymousVolume } from './option/volume-flag.ts';
import { inherited, parseVolumesFrom } from './option/volumes-from.ts';
import { volumeUsers } from './volume-users.ts';

export interface TakenMounts {
  mounts: MountPoint[];
  /** Its volumes are kept for it until this is called: then its record must keep them. */
  release(): void;
  /** The container comes to nothing: what was made for it goes. */
  undo(): Promise<void>;
}

/**
 * @param layers of the image, top first
 * @throws InvalidError, ConflictError; then no volume has been made
 */
export async function takeMounts(
  engine: Engine,
  config: ContainerConfig,
  host: HostConfig,
  layers: readonly string[],
): Promise<TakenMounts> {
  const wanted = gatherMounts(engine, config, host);
  const taken = new Volumes(engine);
  try {
    const mounts: MountPoint[] = [];
    for (const mount of wanted) mounts.push(isVolume(mount) ? await taken.take(mount) : mount);
    await fillVolumes(engine, mounts, layers);
    return { mounts, release: () => taken.release(), undo: () => taken.undo() };
  } catch (error) {
    await taken.undo();
    throw error instanceof NotFoundError ? new InvalidError(error.message) : error;
  }
}

/** Nothing is made or changed yet. @throws InvalidError */
export function gatherMounts(
  engine: Engine,
  { Volumes }: ContainerConfig,
  host: HostConfig,
): MountPoint[] {
  const byTarget = new Map<string, MountPoint>();
  const add = (mount: MountPoint) => byTarget.set(mount.target, mount);
  for (const spec of host.VolumesFrom ?? []) {
    const { container, readOnly } = parseVolumesFrom(spec);
    inherited(mountsOf(existing(engine, container).record), readOnly).forEach(add);
  }
  named(() => mountPoints(host)).forEach(add);
  for (const path of Object.keys(Volumes ?? {})) {
    const volume = named(() => anonymousVolume(path, host.VolumeDriver));
    if (!byTarget.has(volume.target)) add(volume);
  }
  return inOrder([...byTarget.values()]);
}

/** The volumes of one container that is being made. */
class Volumes {
  readonly #holds: (() => void)[] = [];
  readonly #made: Volume[] = [];

  constructor(readonly engine: Engine) {}

  async take(mount: VolumeMount): Promise<VolumeMount> {
    const { volumes } = this.engine;
    const { name, make, isAnonymous } = mount;
    // Another's without a name: it may be going with that container at this moment, and is not made anew.
    const created =
      isAnonymous && name !== ''
        ? await takeVolume(volumes, name)
        : await createVolume(volumes, { name, ...make });
    this.#holds.push(created.release);
    if (created.isNew) {
      this.#made.push(created.volume);
      emitVolume(this.engine, created.volume.name, 'create');
    }
    return { ...mount, name: created.volume.name };
  }

  release(): void {
    for (const release of this.#holds) release();
  }

  async undo(): Promise<void> {
    this.release();
    for (const { name } of this.#made) await removeUnused(this.engine, name);
  }
}

/** Removes a volume that nobody has any more; one that somebody has stays. */
export async function removeUnused(engine: Engine, name: string): Promise<void> {
  try {
    await removeVolume(engine.volumes, name, (one) => volumeUsers(engine, one));
    emitVolume(engine, name, 'destroy');
  } catch (error) {
    if (!(error instanceof ConflictError || error instanceof NotFoundError)) throw error;
  }
}
