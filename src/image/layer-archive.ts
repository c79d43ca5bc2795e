/**
 * A layer's archive as it leaves the engine: as it came, byte for byte, when it came from somewhere; else packed anew. A registry
 * is given compressed ones only, as docker does; what has to be compressed for that is kept, and its descriptor remembered.
 */
import { pipeline, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
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

/** As a registry is to get it: compressed, unless a manifest says otherwise. @throws as `layerArchive` */
export async function compressedLayer(
  store: ImageStore,
  diffId: string,
  wanted?: Descriptor,
): Promise<LayerArchive> {
  const kept = keptBlob(store, diffId);
  const isCompressed = kept && compressionOf(kept) !== 'none';
  const descriptor = wanted ?? (isCompressed ? kept : await compress(store, diffId, kept));
  return { descriptor, open: () => store.blobs.read(descriptor.digest) };
}

/** The blob a layer came as, if it is still there. */
export function keptBlob({ layers, blobs }: ImageStore, diffId: string): Descriptor | undefined {
  const blob = layers.get(diffId)?.blob;
  return blob && blobs.has(blob.digest) ? blob : undefined;
}

async function compress(
  store: ImageStore,
  diffId: string,
  plain: Descriptor | undefined,
): Promise<Descriptor> {
  const source = plain ? store.blobs.read(plain.digest) : repack(store.layers, diffId);
  const staged = await store.blobs.stage(gzipped(source));
  return store.exclusively(async () => {
    const { digest, sizeBytes: size } = await store.blobs.commit(staged);
    const blob = { mediaType: mediaTypes.dockerLayerGzip, digest, size };
    // Who has the uncompressed one does not have this.
    await store.layers.update(diffId, { blob, sources: undefined });
    return blob;
  });
}

/** The same bytes for the same bytes: the header has no time and no name. Level 4 takes two thirds of the time of 6, for 2 % more. */
export async function* gzipped(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const gzip = createGzip({ level: 4, chunkSize: 128 * 1024 });
  // An error of the source destroys gzip with it: it is thrown by reading.
  yield* pipeline(Readable.from(source), gzip, () => undefined) as AsyncIterable<Buffer>;
}
