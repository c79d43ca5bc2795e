/**
 * `POST /commit`: an image of another image's layers and one more. OCI image-spec, config.md
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addImage } from './add.ts';
import type { Image, ImageConfig } from './image.ts';
import type { HistoryEntry } from './oci-config.ts';
import { hexOf } from './record.ts';
import { fullForm, referenceWithTag } from './reference.ts';
import type { ImageStore } from './store.ts';

export interface CommitImageOptions {
  /** Repository to tag the image with; empty or undefined: it stays untagged. */
  repo?: string | undefined;
  /** Undefined or empty: `latest`. */
  tag?: string | undefined;
  config: ImageConfig;
  author: string;
  comment: string;
  /** The command whose work the layer is. */
  createdBy: string;
}

/**
 * @param parent its layers lie below, its history goes before; the caller keeps it from being removed
 * @param layer the archive of what is new, undefined when nothing is
 * @param assertComplete called when the layer is read: throws when it cannot be trusted
 * @throws InvalidError for a bad reference; nothing is left of the image then
 */
export async function commitImage(
  store: ImageStore,
  parent: Image,
  layer: AsyncIterable<Uint8Array> | undefined,
  options: CommitImageOptions,
  assertComplete: () => void,
): Promise<Image> {
  const { repo, tag } = options;
  const reference = repo ? fullForm(referenceWithTag(repo, tag)) : undefined;
  const staged = layer && (await store.layers.stage(layer));
  try {
    assertComplete();
    const config = await childConfig(store, parent, staged?.diffId, options);
    const parts = { config, layers: staged ? [staged] : [] };
    return await addImage(store, parts, { tags: reference ? [reference] : [] });
  } catch (error) {
    if (staged) await store.layers.discard(staged);
    throw error;
  }
}

/** The parent's document, with what is different. What it says of its own container is left out. */
async function childConfig(
  store: ImageStore,
  parent: Image,
  diffId: string | undefined,
  { config, author, comment, createdBy }: CommitImageOptions,
): Promise<Buffer> {
  const path = join(store.paths.images, hexOf(parent.id), 'config.json');
  const document = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  const { container, container_config, docker_version, id, ...kept } = document;
  const created = new Date().toISOString();
  const entry: HistoryEntry = {
    created,
    ...(author && { author }),
    created_by: createdBy,
    ...(comment && { comment }),
    ...(diffId === undefined && { empty_layer: true }),
  };
  return Buffer.from(
    JSON.stringify({
      ...kept,
      author,
      comment,
      config,
      created,
      history: [...wholeHistory(parent), entry],
      rootfs: { type: 'layers', diff_ids: [...parent.diffIds, ...(diffId ? [diffId] : [])] },
    }),
  );
}

/** An image may tell less than it has: every layer gets an entry, so that those that follow are counted right. */
function wholeHistory({ history, diffIds, created }: Image): HistoryEntry[] {
  const told = history.filter((entry) => !entry.empty_layer).length;
  const missing = Math.max(0, diffIds.length - told);
  return [...Array.from({ length: missing }, () => ({ created })), ...history];
}
