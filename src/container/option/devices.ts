/** `--device` and `--device-cgroup-rule`. Pure but for the shape of what the host has (see look-ups.ts). */
import { posix } from 'node:path';
import { InvalidError } from '../../errors/errors.ts';
import type { DeviceRule } from '../../kernel/device-filter.ts';
import type { HostConfig } from '../config.ts';

/** A device file to make in the container. */
export interface DeviceNode {
  path: string;
  type: 'c' | 'b';
  major: number;
  minor: number;
  /** Permissions without the type. */
  mode: number;
  uid: number;
  gid: number;
  /** Of `r`, `w`, `m`: what the control group allows. */
  access: string;
}

/** @throws InvalidError with docker's words */
export function assertDevices({ Devices, DeviceCgroupRules }: HostConfig): void {
  for (const device of Devices ?? []) {
    const inside = device.PathInContainer || device.PathOnHost;
    if (!device.PathOnHost.startsWith('/') || !inside.startsWith('/'))
      throw new InvalidError(`${device.PathOnHost || inside} is not an absolute path`);
    if (!isAccess(device.CgroupPermissions || 'rwm'))
      throw new InvalidError(`invalid device mode: ${device.CgroupPermissions}`);
    const normal = posix.normalize(inside);
    if (!normal.startsWith('/dev/') || normal.endsWith('/') || normal.length > 1024)
      throw new InvalidError(
        `device ${device.PathOnHost} cannot appear as ${inside}: only a place below /dev can be given`,
      );
  }
  for (const rule of DeviceCgroupRules ?? []) parseRule(rule);
}

function isAccess(text: string): boolean {
  return /^[rwm]{1,3}$/.test(text) && new Set(text).size === text.length;
}

/**
 * `c 1:3 rwm`, `b *:* r`
 * @throws InvalidError with docker's words
 */
export function parseRule(text: string): DeviceRule {
  const [, type, major, minor, access = ''] =
    /^([acb]) (\d{1,10}|\*):(\d{1,10}|\*) ([rwm]{1,3})$/.exec(text) ?? [];
  const number = (digits: string | undefined) => (digits === '*' ? null : Number(digits));
  const isLarge = [major, minor].some((digits) => Number(digits) > 0xffff_ffff);
  if (type === undefined || isLarge || !isAccess(access))
    throw new InvalidError(`invalid device cgroup rule format: '${text}'`);
  return { type: type as DeviceRule['type'], major: number(major), minor: number(minor), access };
}

/** What the container may open beside the harmless devices; `undefined` is everything. */
export function extraRules(
  { Privileged, DeviceCgroupRules }: HostConfig,
  devices: readonly DeviceNode[],
): DeviceRule[] | undefined {
  if (Privileged) return undefined;
  return [
    ...devices.map(({ type, major, minor, access }) => ({ type, major, minor, access })),
    ...(DeviceCgroupRules ?? []).map(parseRule),
  ];
}
