/** What a plan must know of the host for this one container: devices, whom it joins. */
import { lstatSync, readdirSync, type Stats } from 'node:fs';
import { join, posix } from 'node:path';
import { ConflictError, InvalidError } from '../errors/errors.ts';
import type { HostConfig } from './config.ts';
import type { Engine } from './engine.ts';
import { statOf } from './look-up-mounts.ts';
import { type BlockIo, blockDevicePaths } from './option/block-io.ts';
import type { DeviceNode } from './option/devices.ts';
import { joinedContainer } from './option/modes.ts';
import type { Joined } from './plan/join.ts';
import { isAlive, type ProcessIdentity } from './state.ts';
import type { Container } from './table.ts';

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
