/** A layer as registries and archives have it: its blob, and what is in it, unpacked while the blob still comes. */
import { open } from 'node:fs/promises';
import type { BlobWriter, StagedBlob } from './blob-writer.ts';
import { type Descriptor, mediaTypes } from './descriptor.ts';
import type { StagedLayer } from './layers.ts';
import { spent } from './spent-buffers.ts';
import type { ImageStore } from './store.ts';
import { exceeded } from './tar/limits.ts';
import { GrowingFile } from './unpacker/growing-file.ts';

export interface StagedPart {
  layer: StagedLayer;
  blob: StagedBlob;
}

export interface StageOptions {
  /** Repositories that have it, `docker.io/library/busybox`. */
  sources?: string[];
  /** Bytes of the blob that have come, that have been unpacked. */
  onReceived?: ((bytes: number) => void) | undefined;
  onUnpacked?: ((bytes: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Neither is on the disk yet; `addImage` sees to that.
 * @param descriptor undefined: whatever comes
 * @param bytes of the blob; with a descriptor they are read to their end also when they are no layer: then it is told whether
 *   they are the blob at all
 * @throws InvalidError when they are not the descriptor's, or no layer; the signal's reason; nothing is left of either
 */
export async function stageBlob(
  store: ImageStore,
  descriptor: Descriptor | undefined,
  bytes: AsyncIterable<Uint8Array>,
  { sources = [], onReceived, onUnpacked, signal }: StageOptions = {},
): Promise<StagedPart> {
  const { limits } = store.layers;
  if (descriptor && descriptor.size > limits.archiveBytes)
    throw exceeded('archiveBytes', limits, 'its size');
  const writer = await store.blobs.begin(descriptor);
  const file = new GrowingFile(writer.path, onUnpacked);
  const stop = () => file.fail(signal?.reason);
  signal?.addEventListener('abort', stop, { once: true });
  const receiving = receive(bytes, writer, file, { signal, onReceived, isWhole: !!descriptor });
  const unpacking = store.layers.stage(file, async () => ({
    blob: descriptor ?? (await describe(await receiving)),
    sources,
  }));
  unpacking.catch(() => {
    file.isAbandoned = true; // and why is told below
  });
  try {
    const blob = await receiving;
    return { layer: await unpacking, blob };
  } catch (error) {
    file.fail(error);
    const layer = await unpacking.catch(() => undefined);
    if (layer) await store.layers.discard(layer);
    await writer.discard();
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

/** @param isWhole whether the bytes are read to their end also when nobody unpacks them any more */
async function receive(
  bytes: AsyncIterable<Uint8Array>,
  writer: BlobWriter,
  file: GrowingFile,
  {
    signal,
    onReceived,
    isWhole,
  }: Pick<StageOptions, 'signal' | 'onReceived'> & { isWhole: boolean },
): Promise<StagedBlob> {
  signal?.throwIfAborted();
  for await (const chunk of bytes) {
    if (file.isAbandoned && !isWhole) break;
    await writer.write(chunk);
    file.grow(chunk.length);
    spent(chunk);
    onReceived?.(file.available);
  }
  const blob = await writer.finish();
  file.complete();
  return blob;
}

/** What of it has become visible stays. */
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

/** RFC 1952, RFC 8878 */
function layerType(start: Buffer): string {
  const magic = start.toString('hex');
  if (magic.startsWith('1f8b')) return mediaTypes.dockerLayerGzip;
  return magic === '28b52ffd' ? mediaTypes.ociLayerZstd : mediaTypes.dockerLayer;
}
