/**
 * Removes what an entry of a layer replaces, by descriptors: follows no link and stays beneath the folder it is
 * given. Whole layers and images go by src/store/remove-tree.ts.
 */
import { closeSync, constants as fs, readdirSync } from 'node:fs';
import { KernelError } from '../errors/errors.ts';
import { constants } from '../kernel/ffi.ts';
import { type Name, openAt, unlinkAt } from '../kernel/files-at.ts';
import type { Breather } from './breather.ts';

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
  // What is mounted there is somebody else's.
  const flags = fs.O_RDONLY | fs.O_DIRECTORY | fs.O_NOFOLLOW;
  const fd = openAt(dir, name, flags, 0, constants.RESOLVE_BENEATH | constants.RESOLVE_NO_XDEV);
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
