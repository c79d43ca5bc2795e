/**
 * Removes a tree whose names are any bytes, by descriptors: Node's `rm` takes names as UTF-8 and fails on
 * others. Follows no link and stays beneath the folder it is given.
 */
import { closeSync, constants as fs, openSync, readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { KernelError } from '../errors/errors.ts';
import { type Name, openBeneath, unlinkAt } from '../kernel/files-at.ts';
import { Breather } from './breather.ts';

/** Removes `path` and all beneath it; nothing happens if it is not there. Gives way to the event loop. */
export async function removeTree(path: string): Promise<void> {
  const parent = openSync(dirname(path), fs.O_RDONLY | fs.O_DIRECTORY);
  try {
    await removeAt(parent, basename(path), new Breather());
  } finally {
    closeSync(parent);
  }
}

/** Removes `name` in `dir`, be it a file, a link or a whole tree. */
export async function removeAt(dir: number, name: Name, breather: Breather): Promise<void> {
  try {
    unlinkAt(dir, name);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    if (!hasCode(error, 'EISDIR') && !hasCode(error, 'EPERM')) throw error;
    await removeDirectoryAt(dir, name, breather);
  }
}

async function removeDirectoryAt(dir: number, name: Name, breather: Breather): Promise<void> {
  const fd = openBeneath(dir, name, fs.O_RDONLY | fs.O_DIRECTORY | fs.O_NOFOLLOW);
  try {
    for (const child of readdirSync(`/proc/self/fd/${fd}`, { encoding: 'buffer' })) {
      await breather.breathe();
      await removeAt(fd, child, breather);
    }
  } finally {
    closeSync(fd);
  }
  unlinkAt(dir, name, true);
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof KernelError && error.code === code;
}
