/** What is read when the store opens: the images' folders, and from them whose each tag is. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Paths } from '../store/paths.ts';
import { quarantine } from '../store/record.ts';
import type { LayerStore } from './layers.ts';
import { readImage, type StoredImage } from './record.ts';

interface Claim {
  image: StoredImage;
  tag: string;
  generation: number;
}

/** Reads all images; broken ones are set aside. `hasBroken` is true as long as such a folder lies there. */
export async function loadImages(
  paths: Paths,
  layers: LayerStore,
  log: Logger,
): Promise<{ images: StoredImage[]; hasBroken: boolean }> {
  const images: StoredImage[] = [];
  let hasBroken = false;
  for (const name of await readdir(paths.images)) {
    const image = await loadOne(join(paths.images, name), name, layers, log);
    if (image) images.push(image);
    else hasBroken = true;
  }
  return { images, hasBroken };
}

/**
 * A tag that two images claim belongs to the later generation: a crash came while it was moved.
 * @returns losers: records to be put right
 */
export function settleTags(images: readonly StoredImage[]): {
  winners: Claim[];
  losers: Claim[];
  highest: number;
} {
  const claims = images.flatMap((image) =>
    Object.entries(image.record.tags).map(([tag, generation]) => ({ image, tag, generation })),
  );
  claims.sort((a, b) => a.generation - b.generation);
  const byTag = new Map(claims.map((claim) => [claim.tag, claim]));
  const losers = claims.filter((claim) => byTag.get(claim.tag) !== claim);
  return { winners: [...byTag.values()], losers, highest: claims.at(-1)?.generation ?? 0 };
}

async function loadOne(
  dir: string,
  name: string,
  layers: LayerStore,
  log: Logger,
): Promise<StoredImage | undefined> {
  if (!/^[a-f0-9]{64}$/.test(name)) return undefined;
  try {
    const image = await readImage(dir, name);
    const missing = image.oci.diffIds.find((diffId) => !layers.get(diffId));
    if (missing) throw new Error(`its layer ${missing} is not there`);
    return image;
  } catch (error) {
    await quarantine(dir, error, log);
    return undefined;
  }
}
