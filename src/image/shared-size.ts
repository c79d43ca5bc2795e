/** What of an image other images have too. */
import type { Image } from './image.ts';
import type { ImageStore } from './store.ts';

/** Sum of the sizes of the layers that it shares with another image, bytes. */
export function sharedSize({ layers }: ImageStore, image: Image, all: readonly Image[]): number {
  const ofOthers = new Set(all.flatMap(({ id, diffIds }) => (id === image.id ? [] : diffIds)));
  const shared = image.diffIds.filter((diffId) => ofOthers.has(diffId));
  return shared.reduce((sum, diffId) => sum + (layers.get(diffId)?.sizeBytes ?? 0), 0);
}
