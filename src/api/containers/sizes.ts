/** Bytes of a container's files. Slow for a large layer, so only told when asked for. */
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine } from '../../container/engine.ts';
import type { Container } from '../../container/table.ts';

export async function sizesOf(
  engine: Engine,
  { record, paths }: Container,
): Promise<{ SizeRw: number; SizeRootFs: number }> {
  const own = await folderBytes(paths.upper);
  const image = engine.images.list().find(({ id }) => id === record.imageId);
  return { SizeRw: own, SizeRootFs: own + (image?.sizeBytes ?? 0) };
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
