/**
 * The archive of a layer of which only the folder is kept: one that was made here, by a commit. Packing is the exact
 * reverse of unpacking (pack-layer.ts), and that it was is checked: the bytes have the layer's diff id, or the last step throws.
 */
import { createHash } from 'node:crypto';
import { closeSync, constants as fs, openSync } from 'node:fs';
import { SystemError } from '../errors/errors.ts';
import type { LayerStore } from './layers.ts';
import { packWholeLayer } from './pack-layer.ts';

/**
 * The uncompressed archive.
 * @throws SystemError when the folder no longer is what the layer was made of
 */
export async function* repack(layers: LayerStore, diffId: string): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  const folder = openSync(layers.directory(diffId), fs.O_RDONLY | fs.O_DIRECTORY);
  try {
    for await (const chunk of packWholeLayer(folder)) {
      hash.update(chunk);
      yield chunk;
    }
  } finally {
    closeSync(folder);
  }
  const found = `sha256:${hash.digest('hex')}`;
  if (found !== diffId)
    throw new SystemError(
      `cannot give out the layer ${diffId}: ${layers.directory(diffId)} packs to ${found}; bring its image again, by pull, load or import`,
    );
}

/** Reads it through to know its size. @throws as `repack` */
export async function repackedBytes(layers: LayerStore, diffId: string): Promise<number> {
  let bytes = 0;
  for await (const chunk of repack(layers, diffId)) bytes += chunk.length;
  return bytes;
}
