/**
 * The manifest an image is handed on with: the one it came with, byte for byte, while all that it names is there; else one
 * composed of what there is. OCI image-spec, manifest.md; docker's "Image Manifest Version 2, Schema 2"
 */
import { type Compression, compressionOf, type Descriptor, mediaTypes } from './descriptor.ts';
import { composeManifest, parseManifest } from './manifest.ts';
import type { StoredImage } from './record.ts';
import type { ImageStore } from './store.ts';

export interface OwnManifest {
  mediaType: string;
  bytes: Buffer;
  config: Descriptor;
  /** Bottom first. */
  layers: readonly Descriptor[];
}

/** `docker`: what every registry takes; `oci`: what an OCI layout is made of. */
export type Form = 'docker' | 'oci';

/**
 * @returns undefined when it has none, or a blob of it is gone
 * @throws SystemError when it is damaged
 */
export async function keptManifest(
  { blobs }: ImageStore,
  { id, record }: StoredImage,
): Promise<OwnManifest | undefined> {
  if (!record.manifest || !blobs.has(record.manifest)) return undefined;
  const bytes = await blobs.readVerified(record.manifest);
  const manifest = parseManifest(bytes);
  const isWhole =
    manifest.kind === 'manifest' &&
    manifest.config.digest === id &&
    manifest.layers.every(({ digest }) => blobs.has(digest));
  return isWhole ? { ...manifest, bytes } : undefined;
}

/** The same parts give the same bytes. Docker's form knows no zstd: such an image gets OCI's. */
export function compose(
  config: Omit<Descriptor, 'mediaType'>,
  layers: readonly Descriptor[],
  form: Form,
): OwnManifest {
  const hasZstd = layers.some((layer) => compressionOf(layer) === 'zstd');
  return form === 'docker' && !hasZstd
    ? composeDocker({ ...config, mediaType: mediaTypes.dockerConfig }, layers)
    : composeOci({ ...config, mediaType: mediaTypes.ociConfig }, layers);
}

function composeDocker(config: Descriptor, given: readonly Descriptor[]): OwnManifest {
  const layers = given.map((layer) => retyped(layer, dockerTypes));
  const bytes = composeManifest(config, layers);
  return { mediaType: mediaTypes.dockerManifest, bytes, config, layers };
}

function composeOci(config: Descriptor, given: readonly Descriptor[]): OwnManifest {
  const mediaType = mediaTypes.ociManifest;
  const layers = given.map((layer) => retyped(layer, ociTypes));
  const part = ({ mediaType, digest, size }: Descriptor) => ({ mediaType, digest, size });
  const document = {
    schemaVersion: 2,
    mediaType,
    config: part(config),
    layers: layers.map(part),
  };
  return { mediaType, bytes: Buffer.from(JSON.stringify(document)), config, layers };
}

const dockerTypes: Partial<Record<Compression, string>> = {
  none: mediaTypes.dockerLayer,
  gzip: mediaTypes.dockerLayerGzip,
};

const ociTypes: Partial<Record<Compression, string>> = {
  none: mediaTypes.ociLayer,
  gzip: mediaTypes.ociLayerGzip,
  zstd: mediaTypes.ociLayerZstd,
};

/** A manifest of one kind names its parts by that kind's types. */
function retyped(layer: Descriptor, types: Partial<Record<Compression, string>>): Descriptor {
  return { ...layer, mediaType: types[compressionOf(layer)] ?? layer.mediaType };
}
