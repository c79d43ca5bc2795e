/**
 * The images the engine has, and what can be done with them.
 *
 * Contract
 * - One folder per image; the index of tags is derived from them at start, so it cannot disagree.
 * - An image is visible when its folder is renamed in, its layers before it; a removed one goes by rename.
 * - Changes happen one after the other; unpacking, the long part, happens before and beside them.
 * - A broken record is set aside as `images/ID.broken-TIME` and stops nobody else.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Paths } from '../store/paths.ts';
import { writeRecord } from '../store/record.ts';
import { deleteTree, removeTree } from '../store/remove-tree.ts';
import { BlobStore } from './blobs.ts';
import { find } from './find.ts';
import type { Image } from './image.ts';
import { type ImportOptions, importImage } from './import.ts';
import { LayerStore } from './layers.ts';
import { loadImages, settleTags } from './load.ts';
import { hexOf, type ImageRecord, type StoredImage } from './record.ts';
import { familiarForm, fullForm, parseReference, referenceWithTag } from './reference.ts';
import { type InUse, type Removed, removeImage } from './remove.ts';
import { syncFolder, writeNewFile } from './write-file.ts';

const prefix = 'image-';

export class ImageStore {
  readonly #images = new Map<string, StoredImage>();
  /** Image id by full reference. */
  readonly #tags = new Map<string, string>();
  /** How often each image is held, by id. */
  readonly #holds = new Map<string, number>();
  #generation = 0;
  /** Something was set aside: which layers it, or a container of it, stands on is not known. */
  #hasBroken = false;
  #last: Promise<unknown> = Promise.resolve();
  readonly layers: LayerStore;
  readonly blobs: BlobStore;

  private constructor(
    readonly paths: Paths,
    readonly log: Logger,
  ) {
    this.layers = new LayerStore(paths);
    this.blobs = new BlobStore(paths);
  }

  /** Reads what is on disk, and clears away what a crash left half-made. */
  static async open(paths: Paths, log: Logger): Promise<ImageStore> {
    const store = new ImageStore(paths, log);
    for (const dir of [paths.images, paths.layers, paths.staging, paths.trash])
      await mkdir(dir, { recursive: true, mode: 0o700 });
    await store.#clearLeftovers();
    await store.blobs.open();
    await store.layers.open(log);
    await store.#load();
    await store.#removeOrphans();
    return store;
  }

  /** All images, the newest first. */
  list(): Image[] {
    return [...this.#images.values()]
      .map((stored) => this.#present(stored))
      .sort((a, b) => Date.parse(b.created) - Date.parse(a.created));
  }

  /**
   * Finds an image as docker does: full id, then reference, then unique prefix of an id.
   * @throws NotFoundError with docker's words, InvalidError for what is no reference or fits several
   */
  find(ref: string): Image {
    return this.#present(find(ref, this.#images, this.#tags));
  }

  /** Makes an image of one layer from an archive of a root filesystem. */
  async import(stream: AsyncIterable<Uint8Array>, options: ImportOptions = {}): Promise<Image> {
    return importImage(this, stream, options);
  }

  /**
   * Lets `repo:tag` mean the image that `source` means.
   * @throws NotFoundError, InvalidError
   */
  tag(source: string, repo: string, tag?: string): Promise<void> {
    return this.exclusively(async () => {
      const reference = referenceWithTag(repo, tag);
      await this.setTag(find(source, this.#images, this.#tags), fullForm(reference));
    });
  }

  /**
   * Removes a reference, and the image with its last one.
   * @param inUse who uses the image with this id, if anybody
   * @throws NotFoundError, ConflictError with docker's words
   */
  remove(
    ref: string,
    options: { force?: boolean; prune?: boolean },
    inUse: (imageId: string) => InUse,
  ): Promise<Removed[]> {
    return this.exclusively(() => removeImage(this, ref, options.force === true, inUse));
  }

  /**
   * Keeps an image from being removed while something is made of it that `inUse` does not know yet. Call it in
   * the same turn of the event loop as `find`.
   * @returns ends the hold
   */
  hold(id: string): () => void {
    this.#holds.set(id, (this.#holds.get(id) ?? 0) + 1);
    return () => {
      const left = (this.#holds.get(id) ?? 1) - 1;
      if (left > 0) this.#holds.set(id, left);
      else this.#holds.delete(id);
    };
  }

  // What follows is for the other files of this folder.

  isHeld(id: string): boolean {
    return this.#holds.has(id);
  }

  /** Runs `change` when all changes before it are done. */
  exclusively<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#last.then(change);
    this.#last = result.catch(() => undefined);
    return result;
  }

  stored(ref: string): StoredImage {
    return find(ref, this.#images, this.#tags);
  }

  present(stored: StoredImage): Image {
    return this.#present(stored);
  }

  /** Makes an image visible; its layers are. */
  async add(image: Omit<StoredImage, 'record'>, configBytes: Uint8Array): Promise<StoredImage> {
    const existing = this.#images.get(image.id);
    if (existing) return existing;
    const stored: StoredImage = { ...image, record: { schema: 1, tags: {}, digests: [] } };
    const staging = join(this.paths.staging, prefix + randomUUID());
    await mkdir(staging, { mode: 0o700 });
    await writeNewFile(join(staging, 'config.json'), configBytes);
    await writeRecord(join(staging, 'image.json'), stored.record);
    await rename(staging, this.#dir(image.id));
    await syncFolder(this.paths.images);
    this.#images.set(image.id, stored);
    return stored;
  }

  /** Points a full reference at an image, taking it from the one that had it. */
  async setTag(image: StoredImage, reference: string): Promise<void> {
    const before = this.#images.get(this.#tags.get(reference) ?? '');
    if (before === image) return;
    const tags = { ...image.record.tags, [reference]: ++this.#generation };
    await this.#write(image, { ...image.record, tags });
    this.#tags.set(reference, image.id);
    if (before) await this.#write(before, withoutTag(before.record, reference));
  }

  async removeTag(image: StoredImage, reference: string): Promise<void> {
    await this.#write(image, withoutTag(image.record, reference));
    this.#tags.delete(reference);
  }

  /**
   * Removes an image that has no tags and the layers that no other image has. From the call on nobody finds
   * it: nothing can begin to use it while it goes.
   */
  async delete(image: StoredImage): Promise<void> {
    this.#images.delete(image.id);
    await removeTree(this.#dir(image.id), this.paths.trash);
    await syncFolder(this.paths.images);
    await this.#removeOrphans();
  }

  #present({ id, record, oci }: StoredImage): Image {
    const { diffIds, ...described } = oci;
    return {
      id,
      ...described,
      tags: Object.keys(record.tags).map(familiar).sort(),
      digests: record.digests.map(familiar),
      diffIds,
      layerDirs: diffIds.map((diffId) => this.layers.directory(diffId)).reverse(),
      sizeBytes: diffIds.reduce((sum, id) => sum + (this.layers.get(id)?.sizeBytes ?? 0), 0),
    };
  }

  #dir(id: string): string {
    return join(this.paths.images, hexOf(id));
  }

  async #write(image: StoredImage, record: ImageRecord): Promise<void> {
    await writeRecord(join(this.#dir(image.id), 'image.json'), record);
    image.record = record;
  }

  async #load(): Promise<void> {
    const { images, hasBroken } = await loadImages(this.paths, this.layers, this.log);
    this.#hasBroken = hasBroken;
    for (const image of images) this.#images.set(image.id, image);
    const { winners, losers, highest } = settleTags(images);
    this.#generation = highest;
    for (const { tag, image } of winners) this.#tags.set(tag, image.id);
    for (const { tag, image } of losers) await this.#write(image, withoutTag(image.record, tag));
  }

  async #clearLeftovers(): Promise<void> {
    for (const name of await readdir(this.paths.staging))
      if (/^(image|layer|blob)-/.test(name)) await deleteTree(join(this.paths.staging, name));
    for (const name of await readdir(this.paths.trash))
      if (/^[a-f0-9]{64}\./.test(name)) await deleteTree(join(this.paths.trash, name));
  }

  /** Layers that no image names, such as of an image that was removed. */
  async #removeOrphans(): Promise<void> {
    if (this.#hasBroken) return;
    const used = new Set([...this.#images.values()].flatMap((image) => image.oci.diffIds));
    for (const diffId of this.layers.all()) if (!used.has(diffId)) await this.layers.remove(diffId);
  }
}

function familiar(reference: string): string {
  return familiarForm(parseReference(reference));
}

function withoutTag(record: ImageRecord, reference: string): ImageRecord {
  const { [reference]: _gone, ...tags } = record.tags;
  return { ...record, tags };
}
