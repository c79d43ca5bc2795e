/** What the local side of `cp` is, before anything is copied. */
import { lstatSync, readlinkSync, realpathSync, type Stats, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { CommandError } from '../errors.ts';
import type { Destination, Source } from './arrange.ts';
import { absolutePath, assertsFolder, endsInDot, splitLast } from './paths.ts';

/** As many links as docker follows at the end of a destination. */
const linksMax = 10;

/**
 * @param follow take what a link at the end leads to, under the link's name
 * @throws CommandError when it is not there
 */
export function localSource(text: string, follow: boolean): Source {
  const path = absolutePath(text, process.cwd());
  const stat = lookAt(path, follow || assertsFolder(path) ? statSync : lstatSync);
  if (!stat) throw new CommandError(`lstat ${path}: no such file or directory`);
  if (assertsFolder(path) && !stat.isDirectory())
    throw new CommandError(`lstat ${path}: not a directory`);
  const name = splitLast(path).name;
  if (!follow) return { path, isFolder: stat.isDirectory(), name };
  const real = `${realpathSync(path)}${endsInDot(path) ? '/.' : ''}`;
  return { path: real, isFolder: stat.isDirectory(), name };
}

/** @throws CommandError when its folder is not there, or it is a device */
export function localDestination(text: string): Destination {
  let path = absolutePath(text, process.cwd());
  const parent = splitLast(path).name === '.' ? path : dirname(path.replace(/\/$/, ''));
  if (!lookAt(parent, statSync)?.isDirectory())
    throw new CommandError(
      `invalid output path: directory ${JSON.stringify(parent)} does not exist`,
    );
  for (let links = 0; lookAt(path, lstatSync)?.isSymbolicLink(); links++) {
    if (links === linksMax) throw new CommandError(`too many links at ${text}`);
    path = resolve(dirname(path), readlinkSync(path));
  }
  const stat = lookAt(path, statSync);
  if (!stat) return { path, is: undefined };
  if (stat.isDirectory()) return { path, is: 'folder' };
  if (stat.isBlockDevice() || stat.isCharacterDevice())
    throw new CommandError(
      `invalid output path: ${JSON.stringify(path)} must be a directory or a regular file: got a device`,
    );
  return { path, is: 'file' };
}

function lookAt(path: string, look: (path: string) => Stats): Stats | undefined {
  try {
    return look(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'ENOTDIR') throw new CommandError(`lstat ${path}: not a directory`);
    throw error;
  }
}
