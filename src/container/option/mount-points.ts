/**
 * What a user mounts into a container as one list: `-v`, `--mount` and `--tmpfs`, checked, in the order they are
 * mounted (the shallower first, so that none covers another by accident). Pure.
 */
import { InvalidError } from '../../errors/errors.ts';
import type { HostConfig } from '../config.ts';
import type { ContainerRecord } from '../record.ts';
import { parseMountFlag, tmpfsMount } from './mount-flag.ts';
import { depth } from './mount-path.ts';
import type { BindMount, MountPoint, VolumeMount } from './mount-point.ts';
import { parseVolumeFlag } from './volume-flag.ts';

/** A plan has room for a thousand steps: a mount is six, and three for each name on the way to its target. */
const MAX_STEPS = 700;

/** What a container was made with. Records of before there were volumes have binds and tmpfs alone. */
export function mountsOf({ mounts, hostConfig }: Pick<ContainerRecord, 'mounts' | 'hostConfig'>) {
  return mounts ?? mountPoints(hostConfig);
}

/**
 * What HostConfig asks for.
 * @throws InvalidError (400); NotFoundError for an unknown driver of volumes
 */
export function mountPoints(
  host: Pick<HostConfig, 'Binds' | 'Mounts' | 'Tmpfs' | 'VolumeDriver'>,
): readonly MountPoint[] {
  const all: MountPoint[] = [
    ...(host.Binds ?? []).map((bind) => parseVolumeFlag(bind, host.VolumeDriver)),
    ...(host.Mounts ?? []).map(parseMountFlag),
    ...Object.entries(host.Tmpfs ?? {}).map(([target, options]) =>
      tmpfsMount(target, options, false),
    ),
  ];
  refuseDuplicates(all);
  return inOrder(all);
}

/** @throws InvalidError when there are more than a plan has room for */
export function inOrder(all: readonly MountPoint[]): MountPoint[] {
  const steps = all.reduce((sum, { target }) => sum + 6 + 3 * depth(target), 0);
  if (steps > MAX_STEPS)
    throw new InvalidError(
      `too many mounts: ${all.length} would take ${steps} steps, at most ${MAX_STEPS} are possible`,
    );
  return all.toSorted((a, b) => depth(a.target) - depth(b.target));
}

export function isBind(mount: MountPoint): mount is BindMount {
  return mount.type === 'bind';
}

export function isVolume(mount: MountPoint): mount is VolumeMount {
  return mount.type === 'volume';
}

function refuseDuplicates(all: readonly MountPoint[]): void {
  const seen = new Set<string>();
  for (const { target } of all) {
    if (seen.has(target)) throw new InvalidError(`Duplicate mount point: ${target}`);
    seen.add(target);
  }
}
