/**
 * What nothing refers to any more. Images name layers by their diff ids and blobs by their manifests, layers name the blob
 * they came as; whoever is about to make an image holds what it will refer to.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Paths } from '../store/paths.ts';
import { deleteTree } from '../store/remove-tree.ts';
import type { BlobStore } from './blobs.ts';
import type { LayerStore } from './layers.ts';
import type { StoredImage } from './record.ts';

/** Removes the layers and blobs that are of none of these images and that nobody holds. */
export async function removeOrphans(
  images: readonly StoredImage[],
  layers: LayerStore,
  blobs: BlobStore,
): Promise<void> {
  const usedLayers = new Set(images.flatMap(({ oci }) => oci.diffIds));
  for (const diffId of layers.all())
    if (!usedLayers.has(diffId) && !layers.holds.has(diffId)) await layers.remove(diffId);
  const ofLayers = layers.all().flatMap((diffId) => layers.get(diffId)?.blob?.digest ?? []);
  const usedBlobs = new Set([...images.flatMap((image) => image.blobs), ...ofLayers]);
  for (const digest of blobs.all())
    if (!usedBlobs.has(digest) && !blobs.holds.has(digest)) await blobs.remove(digest);
}

/** What a crash left half-made or half-removed. */
export async function clearLeftovers(paths: Paths): Promise<void> {
  for (const name of await readdir(paths.staging))
    if (/^(image|layer|blob)-/.test(name)) await deleteTree(join(paths.staging, name));
  for (const name of await readdir(paths.trash))
    if (/^[a-f0-9]{64}\./.test(name)) await deleteTree(join(paths.trash, name));
}
