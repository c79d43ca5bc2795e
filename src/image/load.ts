/** What is read when the store opens: the images' folders, and from them whose each tag is. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { quarantine } from '../store/record.ts';
import { parseManifest } from './manifest.ts';
import { readImage, type StoredImage } from './record.ts';
import type { ImageStore } from './store.ts';

interface Claim {
  image: StoredImage;
  tag: string;
  generation: number;
}

/** Reads all images; broken ones are set aside. `hasBroken` is true as long as such a folder lies there. */
export async function loadImages(
  store: ImageStore,
  log: Logger,
): Promise<{ images: StoredImage[]; hasBroken: boolean }> {
  const images: StoredImage[] = [];
  let hasBroken = false;
  for (const name of await readdir(store.paths.images)) {
    const image = await loadOne(join(store.paths.images, name), name, store, log);
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
  store: ImageStore,
  log: Logger,
): Promise<StoredImage | undefined> {
  if (!/^[a-f0-9]{64}$/.test(name)) return undefined;
  try {
    const image = await readImage(dir, name);
    const missing = image.oci.diffIds.find((diffId) => !store.layers.get(diffId));
    if (missing) throw new Error(`its layer ${missing} is not there`);
    return await withManifest(image, store, log);
  } catch (error) {
    await quarantine(dir, error, log);
    return undefined;
  }
}

/** An image that has lost its manifest is as good as one that was made here. */
async function withManifest(
  image: StoredImage,
  { blobs }: ImageStore,
  log: Logger,
): Promise<StoredImage> {
  const { manifest: digest, ...record } = image.record;
  if (!digest) return image;
  try {
    const manifest = parseManifest(await blobs.readVerified(digest));
    const layers = manifest.kind === 'manifest' ? manifest.layers : [];
    return { ...image, blobs: [digest, ...layers.map((layer) => layer.digest)] };
  } catch (error) {
    log.warn({ image: image.id, error: String(error) }, 'the manifest of an image is lost');
    return { ...image, record };
  }
}
