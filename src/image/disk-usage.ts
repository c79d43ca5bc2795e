/** What images take on the disk: their layers as they run, and the archives and manifests they came as. Each part is there once. */
import type { Image } from './image.ts';
import type { ImageStore } from './store.ts';

export interface ImageUsage {
  /** All of its parts, bytes. */
  bytes: number;
  /** Those of them that another image has too. */
  sharedBytes: number;
}

/** Bytes of all that is kept, whose ever it is. */
export function storeBytes({ layers, blobs }: ImageStore): number {
  const ofLayers = layers.all().map((diffId) => layers.get(diffId)?.sizeBytes ?? 0);
  const ofBlobs = blobs.all().map((digest) => blobs.sizeOf(digest) ?? 0);
  return [...ofLayers, ...ofBlobs].reduce((sum, bytes) => sum + bytes, 0);
}

/** @returns by the image's id */
export function usageOf(store: ImageStore, images: readonly Image[]): Map<string, ImageUsage> {
  const all = images.map(({ id }) => ({ id, parts: partsOf(store, id) }));
  const users = new Map<string, number>();
  for (const { parts } of all)
    for (const part of parts.keys()) users.set(part, (users.get(part) ?? 0) + 1);
  return new Map(
    all.map(({ id, parts }) => {
      const shared = [...parts].filter(([part]) => (users.get(part) ?? 0) > 1);
      const sum = (some: Iterable<[string, number]>) =>
        [...some].reduce((bytes, [, more]) => bytes + more, 0);
      return [id, { bytes: sum(parts), sharedBytes: sum(shared) }];
    }),
  );
}

/** The bytes of an image's parts, by their names. */
function partsOf(store: ImageStore, id: string): Map<string, number> {
  const { layers, blobs } = store;
  const { oci, blobs: named } = store.stored(id);
  const parts = new Map<string, number>();
  const archives = oci.diffIds.flatMap((diffId) => layers.get(diffId)?.blob?.digest ?? []);
  for (const diffId of oci.diffIds)
    parts.set(`layer ${diffId}`, layers.get(diffId)?.sizeBytes ?? 0);
  for (const digest of [...named, ...archives])
    parts.set(`blob ${digest}`, blobs.sizeOf(digest) ?? 0);
  return parts;
}
