/** What files take. Slow for a large folder, so only counted when asked for. */
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Sum of the files' sizes. Somebody may change the folder meanwhile: what is gone counts nothing. Links are not
 * followed.
 */
export async function folderBytes(folder: string): Promise<number> {
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
