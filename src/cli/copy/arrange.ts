/** Where an archive is unpacked, and under which name, so that `cp` means what docker's means. Pure. */
import { CommandError } from '../errors.ts';
import { assertsFolder, splitLast } from './paths.ts';

export interface Source {
  path: string;
  isFolder: boolean;
  /** Its name in the archive when a link led to it; else the last name of the path. */
  name?: string | undefined;
}

export interface Destination {
  path: string;
  /** What is there; undefined is nothing. */
  is: 'folder' | 'file' | undefined;
}

export interface Arrangement {
  /** Where to unpack. */
  folder: string;
  /** What the archive's top is called, and what it is to be called. */
  from: string;
  to: string;
}

/** @throws CommandError with docker's words where the two do not fit */
export function arrange(source: Source, destination: Destination): Arrangement {
  const from = source.name ?? splitLast(source.path).name;
  const { folder, name } = splitLast(destination.path);
  if (destination.is === 'folder') return { folder: destination.path, from, to: from };
  if (destination.is === 'file' && source.isFolder) throw new CommandError('cannot copy directory');
  if (destination.is === undefined && !source.isFolder && assertsFolder(destination.path))
    throw new CommandError('no such directory');
  return { folder, from, to: name };
}

/** The name of an entry when the archive's top is renamed. */
export function renamed(path: Buffer, { from, to }: Arrangement): Buffer {
  if (from === to) return path;
  const top = Buffer.from(from === '/' ? '' : from);
  const rest = path.subarray(top.length);
  const isBelow = rest.length === 0 || rest[0] === 0x2f;
  return path.subarray(0, top.length).equals(top) && isBelow
    ? Buffer.concat([Buffer.from(to), rest])
    : path;
}
