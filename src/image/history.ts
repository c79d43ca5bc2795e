/**
 * `GET /images/{name}/history`: the steps an image was made in, as its configuration tells them, the last first.
 * An image among ours whose history is the beginning of this one is the one it was made from.
 */
import type { Image } from './image.ts';
import type { ImageStore } from './store.ts';

export interface HistoryItem {
  /** Undefined when no image of ours ends with this step. */
  image: Image | undefined;
  /** RFC 3339 */
  created: string;
  createdBy: string;
  comment: string;
  sizeBytes: number;
}

/** An image that tells nothing of its history is one step. */
export function historyOf(store: ImageStore, image: Image): HistoryItem[] {
  const { created, comment, sizeBytes } = image;
  if (image.history.length === 0) return [{ image, created, createdBy: '', comment, sizeBytes }];
  const images = store.list();
  let layer = 0;
  const items = image.history.map((entry, i): HistoryItem => {
    const diffId = entry.empty_layer ? undefined : image.diffIds[layer++];
    return {
      image: i === image.history.length - 1 ? image : endingAt(images, image, i + 1, layer),
      created: entry.created ?? created,
      createdBy: entry.created_by ?? '',
      comment: entry.comment ?? '',
      sizeBytes: store.layers.get(diffId ?? '')?.sizeBytes ?? 0,
    };
  });
  return items.reverse();
}

/** The image of the first `steps` steps and `layers` layers. */
function endingAt(
  images: readonly Image[],
  { history, diffIds }: Image,
  steps: number,
  layers: number,
): Image | undefined {
  const text = JSON.stringify([history.slice(0, steps), diffIds.slice(0, layers)]);
  return images.find((other) => JSON.stringify([other.history, other.diffIds]) === text);
}
