/**
 * A tag that means what it meant: asked by HEAD, for which Docker Hub counts no pull, and answered from here. The registry's word is
 * taken for nothing but to choose among the images that came from that repository under a digest that was checked then.
 */
import type { Digest } from '../descriptor.ts';
import type { Image } from '../image.ts';
import type { Platform } from '../manifest.ts';
import { hostPlatform, isPlatform } from '../platform.ts';
import type { StoredImage } from '../record.ts';
import { fullForm, type Reference } from '../reference.ts';
import type { Repository } from '../registry/repository.ts';
import type { ImageStore } from '../store.ts';

/** Of a pull's request what is asked for. */
export interface Asked {
  reference: Reference;
  /** Undefined: this machine's. */
  platform?: Platform | undefined;
  signal: AbortSignal;
}

export interface Known {
  digest: Digest;
  image: Image;
}

/**
 * Gives the tag to the image that it means, when that one is here, whole, and of the platform.
 * @returns undefined when it has to be fetched, or the registry does not say
 * @throws the signal's reason
 */
export async function findKnown(
  store: ImageStore,
  repository: Repository,
  { reference, platform = hostPlatform, signal }: Asked,
): Promise<Known | undefined> {
  const { domain, path, tag = 'latest' } = reference;
  if (reference.digest || !storedAt(store, reference)) return undefined;
  const digest = await repository.manifestDigest(tag, signal);
  if (!digest) return undefined;
  return store.exclusively(async () => {
    const stored = storedAt(store, { domain, path, digest });
    // Of an index another image may have come, for another platform.
    if (!stored || !store.isComplete(stored.id) || !isPlatform(stored.oci, platform))
      return undefined;
    await store.name(stored, { tags: [fullForm({ domain, path, tag })] });
    return { digest, image: store.present(stored) };
  });
}

/** The image a reference means here. */
export function storedAt(store: ImageStore, reference: Reference): StoredImage | undefined {
  try {
    return store.stored(fullForm(reference));
  } catch {
    return undefined; // there is none yet
  }
}
