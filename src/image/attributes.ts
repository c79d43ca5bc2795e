/** What stat(2) says of an open object, in an archive's terms. */
import { type BigIntStats, fstatSync } from 'node:fs';
import type { Time } from '../kernel/files-at.ts';
import type { EntryType } from './tar/read.ts';

export type Kind = Exclude<EntryType, 'link'> | 'socket';

export interface Attributes {
  kind: Kind;
  /** Permission, setuid, setgid and sticky bits. */
  mode: number;
  uid: number;
  gid: number;
  size: number;
  mtime: Time;
  devMajor: number;
  devMinor: number;
  /** How many names it has. */
  linkCount: number;
  /** Number of the filesystem it lies on. */
  device: bigint;
  /** The same for two names of one object, and for no others. */
  identity: string;
}

/** @param fd may be opened with O_PATH */
export function attributesOf(fd: number): Attributes {
  const stat = fstatSync(fd, { bigint: true });
  return {
    kind: kindOf(stat),
    mode: Number(stat.mode) & 0o7777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    size: Number(stat.size),
    mtime: timeOf(stat.mtimeNs),
    devMajor: major(stat.rdev),
    devMinor: minor(stat.rdev),
    linkCount: Number(stat.nlink),
    device: stat.dev,
    identity: `${stat.dev}:${stat.ino}`,
  };
}

function kindOf(stat: BigIntStats): Kind {
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isCharacterDevice()) return 'char';
  if (stat.isBlockDevice()) return 'block';
  if (stat.isFIFO()) return 'fifo';
  return stat.isSocket() ? 'socket' : 'file';
}

/** Rounds down: before 1970 seconds are negative, nanoseconds never. */
function timeOf(ns: bigint): Time {
  const rest = ((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  return { seconds: Number((ns - rest) / 1_000_000_000n), nanoseconds: Number(rest) };
}

/** gnu_dev_major(3) */
function major(device: bigint): number {
  return Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n));
}

function minor(device: bigint): number {
  return Number((device & 0xffn) | ((device >> 12n) & 0xffffff00n));
}
