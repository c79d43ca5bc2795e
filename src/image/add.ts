/**
 * Makes an image of its parts, wherever they came from: a registry, an archive, a container. All of it is on the disk before
 * any of it is visible, and the image is visible last.
 */
import { EngineError, InvalidError } from '../errors/errors.ts';
import type { StagedBlob } from './blob-writer.ts';
import { type Digest, digestOf } from './descriptor.ts';
import type { Image } from './image.ts';
import type { StagedLayer } from './layers.ts';
import { parseManifest } from './manifest.ts';
import { type OciConfig, parseOciConfig } from './oci-config.ts';
import { idOf } from './record.ts';
import type { ImageStore } from './store.ts';

export interface ImageParts {
  /** The configuration's bytes. */
  config: Uint8Array;
  /** The manifest's bytes, with which a push or a save hands the image on unchanged. */
  manifest?: Uint8Array | undefined;
  /** Layers that are new. The others are in the store, and whoever calls holds them. */
  layers?: readonly StagedLayer[];
  /** Blobs that are new: those of the layers. */
  blobs?: readonly StagedBlob[];
}

export interface ImageNames {
  /** Full references with a tag; taken from the images that have them. */
  tags?: readonly string[];
  /** Full `name@sha256:…` references. */
  digests?: readonly string[];
}

/**
 * What is staged is used up when this resolves; when it throws, it is the caller's to discard.
 * @throws InvalidError when the parts are not an image's
 */
export async function addImage(
  store: ImageStore,
  parts: ImageParts,
  names: ImageNames = {},
): Promise<Image> {
  const { config, layers = [], blobs = [] } = parts;
  const oci = readConfig(config);
  const manifest = parts.manifest && readManifest(parts.manifest, config, oci);
  if (layers.length > 0 || blobs.length > 0) await store.layers.sync();
  return store.exclusively(async () => {
    try {
      for (const blob of blobs) await store.blobs.commit(blob);
      for (const layer of layers) await store.layers.commit(layer);
      if (parts.manifest) await store.blobs.add(parts.manifest);
      assertComplete(store, oci, manifest?.blobs ?? []);
      const image = { id: idOf(config), oci, blobs: manifest?.blobs ?? [] };
      const ids = { ...names, manifest: manifest?.digest };
      const added = await store.add(image, config, ids);
      return store.present(added);
    } finally {
      // Of one that failed, or the blob of a layer that has another one now.
      await store.collectGarbage();
    }
  });
}

/** @throws InvalidError saying what is wrong with it */
export function readConfig(bytes: Uint8Array): OciConfig {
  try {
    return parseOciConfig(bytes);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    const reason = (error as Error).message.replace(/\s+/g, ' ').slice(0, 500);
    throw new InvalidError(`invalid image configuration: ${reason}`, { cause: error });
  }
}

/** The manifest's digest, and that of every blob a push of it needs. */
function readManifest(
  bytes: Uint8Array,
  config: Uint8Array,
  oci: OciConfig,
): { digest: Digest; blobs: Digest[] } {
  const manifest = parseManifest(bytes);
  if (manifest.kind !== 'manifest')
    throw new InvalidError('invalid manifest: an index is no image');
  if (manifest.config.digest !== digestOf(config))
    throw new InvalidError('invalid manifest: it names another configuration');
  if (manifest.layers.length !== oci.diffIds.length)
    throw new InvalidError(
      `invalid manifest: ${manifest.layers.length} layers, the configuration has ${oci.diffIds.length}`,
    );
  const digest = digestOf(bytes);
  return { digest, blobs: [digest, ...manifest.layers.map((layer) => layer.digest)] };
}

function assertComplete(store: ImageStore, { diffIds }: OciConfig, blobs: Digest[]): void {
  const layer = diffIds.find((diffId) => !store.layers.get(diffId));
  if (layer) throw new InvalidError(`invalid image: its layer ${layer} is not there`);
  const blob = blobs.find((digest) => !store.blobs.has(digest));
  if (blob) throw new InvalidError(`invalid image: its blob ${blob} is not there`);
}
