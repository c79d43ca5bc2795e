/**
 * A layer's archive as it leaves the engine: as it came, byte for byte, when it came from somewhere; else packed anew. A registry
 * is given compressed ones only, as docker does; what has to be compressed for that is kept, and its descriptor remembered.
 */
import type { Descriptor, Digest } from './descriptor.ts';
import { compressionOf, mediaTypes } from './descriptor.ts';
import { repack, repackedBytes } from './repack.ts';
import type { ImageStore } from './store.ts';

export interface LayerArchive {
  descriptor: Descriptor;
  /** The bytes from the start, each time anew. */
  open(): AsyncIterable<Buffer>;
}

/**
 * As it came, else uncompressed.
 * @param wanted the blob of it that a manifest names; it is there
 * @throws SystemError when a folder no longer is its layer
 */
export async function layerArchive(
  store: ImageStore,
  diffId: string,
  wanted?: Descriptor,
): Promise<LayerArchive> {
  const { layers, blobs } = store;
  const blob = wanted ?? keptBlob(store, diffId);
  if (blob) return { descriptor: blob, open: () => blobs.read(blob.digest) };
  const size = await repackedBytes(layers, diffId);
  const descriptor = { mediaType: mediaTypes.dockerLayer, digest: diffId as Digest, size };
  return { descriptor, open: () => repack(layers, diffId) };
}

/**
 * As a registry is to get it: compressed, unless a manifest says otherwise.
 * @returns undefined when it is still to be made (push/packing.ts)
 */
export function compressedLayer(
  store: ImageStore,
  diffId: string,
  wanted?: Descriptor,
): LayerArchive | undefined {
  const kept = keptBlob(store, diffId);
  const descriptor = wanted ?? (kept && compressionOf(kept) !== 'none' ? kept : undefined);
  return descriptor && { descriptor, open: () => store.blobs.read(descriptor.digest) };
}

/** The blob a layer came as, if it is still there. */
export function keptBlob({ layers, blobs }: ImageStore, diffId: string): Descriptor | undefined {
  const blob = layers.get(diffId)?.blob;
  return blob && blobs.has(blob.digest) ? blob : undefined;
}
