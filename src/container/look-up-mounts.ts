/** What a plan must know of the host to mount: what sources are, where volumes are, what hears of whose mounts. */
import {
  closeSync,
  constants as fs,
  fstatSync,
  openSync,
  readFileSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { InvalidError, KernelError } from '../errors/errors.ts';
import { constants } from '../kernel/ffi.ts';
import { openAt } from '../kernel/files-at.ts';
import { mountOf, parseMountinfo } from '../kernel/mountinfo.ts';
import type { Engine } from './engine.ts';
import type { RootMount } from './mounted-root.ts';
import type { MountPoint } from './option/mount-point.ts';
import { isBind, isVolume } from './option/mount-points.ts';

/** How a part of a volume is found: what is in a volume may not lead out of it. */
const beneath = constants.RESOLVE_BENEATH | constants.RESOLVE_NO_MAGICLINKS;

export interface Sources {
  bindSources: Map<string, 'file' | 'directory' | 'missing'>;
  /** Folders of the host to be made for `-v`, parents first. */
  missingFolders: string[];
}

/** Where a volume is on the host, and what its part to be mounted is. */
export interface VolumeSource {
  path: string;
  kind: 'file' | 'directory';
}

/**
 * By the place each is mounted on.
 * @throws InvalidError for a subpath that is not there, or leads out of the volume
 */
export function lookUpVolumes(
  engine: Engine,
  mounts: readonly MountPoint[],
): Map<string, VolumeSource> {
  return new Map(
    mounts.filter(isVolume).map((mount) => {
      const path = engine.paths.volume(mount.name).data;
      return [mount.target, { path, kind: kindOfPart(path, mount.subpath) }];
    }),
  );
}

function kindOfPart(path: string, subpath: string): VolumeSource['kind'] {
  if (subpath === '') return 'directory';
  const folder = openSync(path, fs.O_RDONLY | fs.O_DIRECTORY);
  try {
    const part = openAt(folder, subpath, constants.O_PATH, 0, beneath);
    try {
      return kindOf(fstatSync(part));
    } finally {
      closeSync(part);
    }
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    const why =
      error.code === 'ENOENT'
        ? 'no such file or directory'
        : `it leads out of the volume (${error.code})`;
    throw new InvalidError(`cannot access path ${subpath} of the volume: ${why}`);
  } finally {
    closeSync(folder);
  }
}

/** @throws InvalidError with docker's words when `--mount` names what is not there */
export function lookUpSources(mounts: readonly MountPoint[]): Sources {
  const bindSources: Sources['bindSources'] = new Map();
  const missing = new Set<string>();
  for (const mount of mounts) {
    if (mount.type !== 'bind') continue;
    const stat = statOf(mount.source);
    if (!stat && !mount.makesSource)
      throw new InvalidError(
        `invalid mount config for type "bind": bind source path does not exist: ${mount.source}`,
      );
    if (!stat) for (const folder of missingAbove(mount.source)) missing.add(folder);
    bindSources.set(mount.source, stat ? kindOf(stat) : 'missing');
  }
  return { bindSources, missingFolders: [...missing] };
}

function kindOf(stat: Stats): 'file' | 'directory' {
  return stat.isDirectory() ? 'directory' : 'file';
}

/**
 * Binds and volumes of a container that does not run; those whose source is not there are left out.
 * @throws InvalidError as `lookUpVolumes`
 */
export function lookUpRootMounts(engine: Engine, mounts: readonly MountPoint[]): RootMount[] {
  const volumes = lookUpVolumes(engine, mounts);
  return mounts.flatMap((mount): RootMount[] => {
    if (mount.type === 'tmpfs') return [];
    const { target, readOnly } = mount;
    if (mount.type === 'bind') {
      const { source, recursive } = mount;
      const stat = statOf(source);
      return stat ? [{ source, subpath: '', target, kind: kindOf(stat), recursive, readOnly }] : [];
    }
    const { subpath } = mount;
    const { path: source = '', kind = 'directory' } = volumes.get(target) ?? {};
    return [{ source, subpath, target, kind, recursive: true, readOnly }];
  });
}

/**
 * Binds that are to hear of the host's mounts, or tell it of theirs.
 * @throws InvalidError with docker's words for one whose source lies on a mount that nobody hears of
 */
export function assertPropagation(mounts: readonly MountPoint[]): void {
  for (const { source, propagation } of mounts.filter(isBind)) {
    if (propagation.endsWith('private')) continue;
    const wanted = propagation.endsWith('shared') ? ['shared'] : ['shared', 'slave'];
    const tags = wanted.map((word) => (word === 'slave' ? 'master:' : 'shared:'));
    const lies = mountOf(
      parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8')),
      there(source),
    );
    if (lies?.propagation.some((tag) => tags.some((start) => tag.startsWith(start)))) continue;
    throw new InvalidError(
      `path ${source} is mounted on ${lies?.target ?? '/'} but it is not a ${wanted.join(' or ')} mount`,
    );
  }
}

/** The true path of what there is of it. */
function there(path: string): string {
  return statOf(path) ? realpathSync(path) : there(dirname(path));
}

function missingAbove(path: string): string[] {
  return statOf(path) ? [] : [...missingAbove(dirname(path)), path];
}

/** @throws InvalidError when it cannot be looked at */
export function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new InvalidError(`cannot look at ${path}, which is to be mounted: ${code}`);
  }
}
