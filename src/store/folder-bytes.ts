/** What files take. Slow for a large folder, so only counted when asked for. */
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Sum of the files' sizes, of one with several names once. Somebody may change the folder meanwhile: what is gone
 * counts nothing. Links are not followed.
 */
export async function folderBytes(folder: string, counted = new Set<string>()): Promise<number> {
  let bytes = 0;
  try {
    for await (const entry of await opendir(folder)) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) bytes += await folderBytes(path, counted);
      else if (entry.isFile()) bytes += await fileBytes(path, counted);
    }
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  return bytes;
}

async function fileBytes(path: string, counted: Set<string>): Promise<number> {
  const { size, nlink, dev, ino } = await lstat(path);
  if (nlink === 1) return size;
  const identity = `${dev}:${ino}`;
  if (counted.has(identity)) return 0;
  counted.add(identity);
  return size;
}
