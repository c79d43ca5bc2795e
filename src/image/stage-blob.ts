/** A layer as registries and archives have it: its blob and what is in it, both staged in one pass over the bytes. */
import type { StagedBlob } from './blob-writer.ts';
import type { Descriptor } from './descriptor.ts';
import type { StagedLayer } from './layers.ts';
import type { ImageStore } from './store.ts';

export interface StagedPart {
  layer: StagedLayer;
  blob: StagedBlob;
}

/**
 * @param bytes of the blob; read to their end
 * @param sources repositories that have it, `docker.io/library/busybox`
 * @throws InvalidError when they are not the descriptor's, or no layer; nothing is left of either
 */
export async function stageBlob(
  store: ImageStore,
  descriptor: Descriptor,
  bytes: AsyncIterable<Uint8Array>,
  sources: string[] = [],
): Promise<StagedPart> {
  const writer = await store.blobs.begin(descriptor);
  const iterator = written(bytes, writer);
  let layer: StagedLayer | undefined;
  try {
    layer = await store.layers.stage(shared(iterator), { blob: descriptor, sources });
    // Behind the end of an archive there may be more.
    while (!(await iterator.next()).done);
    return { layer, blob: await writer.finish() };
  } catch (error) {
    await iterator.return(undefined);
    await writer.discard();
    if (layer) await store.layers.discard(layer);
    throw error;
  }
}

export async function discardPart(store: ImageStore, { layer, blob }: StagedPart): Promise<void> {
  await store.layers.discard(layer);
  await store.blobs.discard(blob);
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
