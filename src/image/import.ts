/** `POST /images/create?fromSrc=-`: an image of one layer from an archive of a root filesystem. */
import { Readable } from 'node:stream';
import { addImage } from './add.ts';
import { applyChanges } from './changes.ts';
import type { Image } from './image.ts';
import { importedConfig } from './oci-config.ts';
import { hostPlatform, parsePlatform } from './platform.ts';
import { fullForm, referenceWithTag } from './reference.ts';
import { discardPart, stageBlob } from './stage-blob.ts';
import type { ImageStore } from './store.ts';

export interface ImportOptions {
  /** Repository to tag the image with; empty or undefined: it stays untagged. */
  repo?: string | undefined;
  /** Undefined or empty: `latest`. */
  tag?: string | undefined;
  /** Dockerfile instructions. */
  changes?: readonly string[] | undefined;
  /** Default: `Imported from -`. */
  message?: string | undefined;
  /** `os[/architecture[/variant]]`; default: this machine's. */
  platform?: string | undefined;
}

/**
 * @param archive not destroyed when it is refused halfway: an HTTP request's socket still carries the answer
 * @throws InvalidError for a bad archive, reference, change or platform; nothing is left of it
 */
export async function importImage(
  store: ImageStore,
  archive: AsyncIterable<Uint8Array>,
  options: ImportOptions,
): Promise<Image> {
  const reference = options.repo
    ? fullForm(referenceWithTag(options.repo, options.tag))
    : undefined;
  const config = applyChanges({}, options.changes ?? []);
  const { os, architecture } = options.platform ? parsePlatform(options.platform) : hostPlatform;
  // A stranger's archive cannot be packed again to the same bytes: it is kept.
  const part = await stageBlob(store, undefined, kept(archive));
  const document = importedConfig({
    os,
    architecture,
    created: new Date().toISOString(),
    comment: options.message || 'Imported from -',
    config,
    diffId: part.layer.diffId,
  });
  try {
    const parts = { config: document, layers: [part.layer], blobs: [part.blob] };
    return await addImage(store, parts, { tags: reference ? [reference] : [] });
  } catch (error) {
    await discardPart(store, part);
    throw error;
  }
}

function kept(archive: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  if (!(archive instanceof Readable)) return archive;
  return { [Symbol.asyncIterator]: () => archive.iterator({ destroyOnReturn: false }) };
}
