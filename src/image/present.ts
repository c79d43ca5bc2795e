/** A stored image as the rest of the engine sees it. */
import type { Image } from './image.ts';
import type { LayerStore } from './layers.ts';
import type { StoredImage } from './record.ts';
import { familiarForm, parseReference } from './reference.ts';

export function present({ id, record, oci }: StoredImage, layers: LayerStore): Image {
  const { diffIds, ...described } = oci;
  return {
    id,
    ...described,
    tags: Object.keys(record.tags).map(familiar).sort(),
    digests: record.digests.map(familiar),
    diffIds,
    layerDirs: diffIds.map((diffId) => layers.directory(diffId)).reverse(),
    sizeBytes: diffIds.reduce((sum, diffId) => sum + (layers.get(diffId)?.sizeBytes ?? 0), 0),
  };
}

function familiar(reference: string): string {
  return familiarForm(parseReference(reference));
}
