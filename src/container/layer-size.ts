/** Bytes of a container's own files. Slow for a large layer, so only counted when asked for. */
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Container } from './table.ts';

/** Sum of the sizes of the files in its writable layer. */
export function ownLayerBytes({ paths }: Container): Promise<number> {
  return folderBytes(paths.upper);
}

/**
 * Sum of the files' sizes. A container may change its layer meanwhile: what is gone counts nothing. Links are
 * not followed.
 */
async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  try {
    for await (const entry of await opendir(folder)) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) bytes += await folderBytes(path);
      else if (entry.isFile()) bytes += (await lstat(path)).size;
    }
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  return bytes;
}
