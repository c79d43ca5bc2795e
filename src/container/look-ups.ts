/** What a plan must know of the host for this one container: sources of its mounts, devices, whom it joins. */
import {
  closeSync,
  constants as fs,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  type Stats,
  statSync,
} from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { ConflictError, InvalidError, KernelError } from '../errors/errors.ts';
import { constants } from '../kernel/ffi.ts';
import { openAt } from '../kernel/files-at.ts';
import type { HostConfig } from './config.ts';
import type { Engine } from './engine.ts';
import type { RootMount } from './mounted-root.ts';
import { type BlockIo, blockDevicePaths } from './option/block-io.ts';
import type { DeviceNode } from './option/devices.ts';
import { joinedContainer } from './option/modes.ts';
import type { MountPoint } from './option/mount-point.ts';
import { isVolume } from './option/mount-points.ts';
import type { Joined } from './plan/join.ts';
import { isAlive, type ProcessIdentity } from './state.ts';
import type { Container } from './table.ts';

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

function missingAbove(path: string): string[] {
  return statOf(path) ? [] : [...missingAbove(dirname(path)), path];
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new InvalidError(`cannot look at ${path}, which is to be mounted: ${code}`);
  }
}

/** Also of what goes while it is looked at. */
function lstatOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** Made for every container, or the container's own: not copied from the host. */
const OWN = new Set(
  'null zero full random urandom tty console ptmx pts shm mqueue fd stdin stdout stderr core'.split(
    ' ',
  ),
);
/** A plan has room for a thousand steps. */
const MAX_DEVICES = 300;
/** So many files are looked at in a folder of devices and below: `/` is none. */
const MAX_FILES = 2000;

/** @throws InvalidError with docker's words for a device that is not there */
export function lookUpDevices({ Privileged, Devices }: HostConfig): DeviceNode[] {
  const asked = (Devices ?? []).flatMap((device) => {
    const inside = posix.normalize(device.PathInContainer || device.PathOnHost);
    return nodesAt(device.PathOnHost, inside, device.CgroupPermissions || 'rwm');
  });
  const host = Privileged ? hostDevices() : [];
  const byPath = new Map([...host, ...asked].map((node) => [node.path, node]));
  if (byPath.size > MAX_DEVICES && !Privileged)
    throw new InvalidError(`too many devices: ${byPath.size}, at most ${MAX_DEVICES} are possible`);
  return [...byPath.values()].slice(0, MAX_DEVICES);
}

function hostDevices(): DeviceNode[] {
  return readdirSync('/dev')
    .filter((name) => !OWN.has(name))
    .flatMap((name) =>
      nodesBelow(join('/dev', name), join('/dev', name), 'rwm', { left: MAX_FILES }),
    );
}

/** A device, or all devices in a folder. */
function nodesAt(host: string, inside: string, access: string): DeviceNode[] {
  const gather = (why: string) =>
    new InvalidError(
      `error gathering device information while adding custom device ${JSON.stringify(host)}: ${why}`,
    );
  const stat = statOf(host);
  if (!stat) throw gather('no such file or directory');
  const budget = { left: MAX_FILES };
  const nodes = nodesBelow(host, inside, access, budget);
  if (budget.left <= 0) throw gather(`more than ${MAX_FILES} files are in it`);
  if (nodes.length === 0) throw gather('not a device node');
  return nodes;
}

/** @param budget how many more files may be looked at; 0: some were left out */
function nodesBelow(
  host: string,
  inside: string,
  access: string,
  budget: { left: number },
): DeviceNode[] {
  if (budget.left <= 0) return [];
  budget.left -= 1;
  // Below the one that was named no link is followed: they lead anywhere, and in circles.
  const stat = budget.left === MAX_FILES - 1 ? statOf(host) : lstatOf(host);
  if (stat?.isDirectory())
    return readdirSync(host)
      .filter((name) => !OWN.has(name))
      .flatMap((name) => nodesBelow(join(host, name), join(inside, name), access, budget));
  if (!stat?.isCharacterDevice() && !stat?.isBlockDevice()) return [];
  return [
    {
      path: inside,
      type: stat.isBlockDevice() ? 'b' : 'c',
      ...deviceNumber(stat.rdev),
      mode: stat.mode & 0o7777,
      uid: stat.uid,
      gid: stat.gid,
      access,
    },
  ];
}

/** The kernel's packing for user space: makedev(3). */
function deviceNumber(rdev: number): { major: number; minor: number } {
  const bits = BigInt(rdev);
  return {
    major: Number(((bits >> 8n) & 0xfffn) | ((bits >> 32n) & 0xfffff000n)),
    minor: Number((bits & 0xffn) | ((bits >> 12n) & 0xffffff00n)),
  };
}

/** @throws InvalidError when one is not there, or is no block device */
export function lookUpBlockDevices(host: BlockIo): Map<string, string> {
  const numbers = blockDevicePaths(host).map((path): [string, string] => {
    const stat = statOf(path);
    if (!stat?.isBlockDevice())
      throw new InvalidError(
        `cannot limit ${path}: ${stat ? 'it is not a block device' : 'no such file or directory'}`,
      );
    const { major, minor } = deviceNumber(stat.rdev);
    return [path, `${major}:${minor}`];
  });
  return new Map(numbers);
}

/** @throws ConflictError with docker's words when one does not run, NotFoundError when it is gone */
export function lookUpJoined(engine: Engine, host: HostConfig): Joined {
  const process = (mode: string, what: string): ProcessIdentity | undefined => {
    const ref = joinedContainer(mode);
    return ref === undefined ? undefined : aliveProcess(engine.containers.find(ref), what);
  };
  const net = process(host.NetworkMode, 'network');
  const pid = process(host.PidMode, 'PID');
  const ipc = process(host.IpcMode, 'IPC');
  return { ...(net && { net }), ...(pid && { pid }), ...(ipc && { ipc }) };
}

function aliveProcess({ record, id }: Container, what: string): ProcessIdentity {
  if (!isAlive(record.state))
    throw new ConflictError(`cannot join ${what} of a non running container: ${id}`);
  const { pid, startTicks, bootId } = record.state;
  return { pid, startTicks, bootId };
}
