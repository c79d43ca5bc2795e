/** Small images made of bytes, to put into registries. */
import { randomBytes } from 'node:crypto';
import { type Descriptor, digestOf, mediaTypes } from '../../src/image/descriptor.ts';
import type { FetchedManifest, Repository } from '../../src/image/registry/repository.ts';

export interface Blob {
  descriptor: Descriptor;
  bytes: Buffer;
}

export function blobOf(bytes: Buffer, mediaType: string = mediaTypes.ociLayerGzip): Blob {
  return { bytes, descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length } };
}

export function randomBlob(size: number): Blob {
  return blobOf(randomBytes(size));
}

/** @param configuration the configuration's document, small or not */
export function manifestOf(layers: readonly Blob[], config: Blob): FetchedManifest {
  const document = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: config.descriptor,
    layers: layers.map(({ descriptor }) => descriptor),
  };
  const bytes = Buffer.from(JSON.stringify(document));
  return { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), bytes };
}

export function configBlob(document: object = { architecture: 'amd64', os: 'linux' }): Blob {
  return blobOf(Buffer.from(JSON.stringify(document)), mediaTypes.ociConfig);
}

/** Uploads in pieces, as a push does. */
export function upload(
  repository: Repository,
  { bytes, descriptor }: Blob,
  signal: AbortSignal,
): Promise<void> {
  return repository.uploadBlob(
    descriptor,
    () => inPieces(bytes),
    () => undefined,
    signal,
  );
}

export async function* inPieces(bytes: Buffer, size = 65536): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Puts an image there and returns what was put. */
export async function push(
  repository: Repository,
  tag: string,
  layers: readonly Blob[],
  signal: AbortSignal,
): Promise<FetchedManifest> {
  const config = configBlob();
  for (const blob of [...layers, config]) await upload(repository, blob, signal);
  const manifest = manifestOf(layers, config);
  await repository.putManifest(tag, manifest, signal);
  return manifest;
}

export async function collect(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}
