/** A layer as registries and archives have it: its blob and what is in it, both staged in one pass over the bytes. */
import { open } from 'node:fs/promises';
import type { StagedBlob } from './blob-writer.ts';
import { type Descriptor, mediaTypes } from './descriptor.ts';
import type { StagedLayer } from './layers.ts';
import type { ImageStore } from './store.ts';

export interface StagedPart {
  layer: StagedLayer;
  blob: StagedBlob;
}

/**
 * @param descriptor undefined: whatever comes
 * @param bytes of the blob; read to their end
 * @param sources repositories that have it, `docker.io/library/busybox`
 * @throws InvalidError when they are not the descriptor's, or no layer; nothing is left of either
 */
export async function stageBlob(
  store: ImageStore,
  descriptor: Descriptor | undefined,
  bytes: AsyncIterable<Uint8Array>,
  sources: string[] = [],
): Promise<StagedPart> {
  const writer = await store.blobs.begin(descriptor);
  const iterator = written(bytes, writer);
  let blob: StagedBlob | undefined;
  try {
    const layer = await store.layers.stage(shared(iterator), async () => {
      // Behind the end of an archive there may be more.
      while (!(await iterator.next()).done);
      blob = await writer.finish();
      return { blob: descriptor ?? (await describe(blob)), sources };
    });
    return { layer, blob: blob as StagedBlob };
  } catch (error) {
    await iterator.return(undefined);
    await writer.discard();
    throw error;
  }
}

export async function discardPart(store: ImageStore, { layer, blob }: StagedPart): Promise<void> {
  await store.layers.discard(layer);
  await store.blobs.discard(blob);
}

/** What a blob is by its first bytes. */
export async function describe({ path, digest, sizeBytes }: StagedBlob): Promise<Descriptor> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return { mediaType: layerType(buffer.subarray(0, bytesRead)), digest, size: sizeBytes };
  } finally {
    await file.close();
  }
}

async function* written(
  bytes: AsyncIterable<Uint8Array>,
  writer: { write(chunk: Uint8Array): Promise<void> },
): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    await writer.write(chunk);
    yield chunk;
  }
}

/** Who stops reading early leaves the rest to others. */
function shared<T>(iterator: AsyncIterator<T>): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => ({ next: () => iterator.next() }) };
}

/** RFC 1952, RFC 8878 */
function layerType(start: Buffer): string {
  const magic = start.toString('hex');
  if (magic.startsWith('1f8b')) return mediaTypes.dockerLayerGzip;
  return magic === '28b52ffd' ? mediaTypes.ociLayerZstd : mediaTypes.dockerLayer;
}
