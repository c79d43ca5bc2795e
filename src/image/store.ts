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
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { markTopFolder } from '../kernel/top-folder.ts';
import type { Paths } from '../store/paths.ts';
import { writeRecord } from '../store/record.ts';
import { removeTree } from '../store/remove-tree.ts';
import type { ImageNames } from './add.ts';
import { BlobStore } from './blobs.ts';
import type { Digest } from './descriptor.ts';
import { find } from './find.ts';
import { clearLeftovers, removeOrphans } from './garbage.ts';
import { Holds } from './holds.ts';
import type { Image } from './image.ts';
import { type ImportOptions, importImage } from './import.ts';
import { LayerStore } from './layers.ts';
import { loadImages, settleTags } from './load.ts';
import { present } from './present.ts';
import { hexOf, type ImageRecord, type StoredImage } from './record.ts';
import { fullForm, referenceWithTag } from './reference.ts';
import { type InUse, type Removed, removeImage } from './remove.ts';
import type { TarLimits } from './tar/limits.ts';
import type { Unpacker } from './unpacker/unpacker.ts';
import { syncFolder, writeNewFile } from './write-file.ts';

export interface StoreOptions {
  /** Of every archive that is unpacked. */
  limits?: TarLimits | undefined;
  /** What unpacks the layers that come as blobs; undefined: this thread. */
  unpacker?: Unpacker | undefined;
}

const prefix = 'image-';

export class ImageStore {
  readonly #images = new Map<string, StoredImage>();
  /** Image id by full reference. */
  readonly #tags = new Map<string, string>();
  /** By id. */
  readonly #holds = new Holds<string>();
  #generation = 0;
  /** Something was set aside: which layers it, or a container of it, stands on is not known. */
  #hasBroken = false;
  #last: Promise<unknown> = Promise.resolve();
  readonly layers: LayerStore;
  readonly blobs: BlobStore;

  private constructor(
    readonly paths: Paths,
    readonly log: Logger,
    { limits, unpacker }: StoreOptions,
  ) {
    this.layers = new LayerStore(paths, limits, unpacker);
    this.blobs = new BlobStore(paths);
  }

  /** Reads what is on disk, and clears away what a crash left half-made. */
  static async open(paths: Paths, log: Logger, options: StoreOptions = {}): Promise<ImageStore> {
    const store = new ImageStore(paths, log, options);
    for (const dir of [paths.images, paths.layers, paths.staging, paths.trash])
      await mkdir(dir, { recursive: true, mode: 0o700 });
    markTopFolder(paths.staging);
    await clearLeftovers(paths);
    await store.blobs.open();
    await store.layers.open(log);
    await store.#load();
    await store.collectGarbage();
    return store;
  }

  /** All images, the newest first. */
  list(): Image[] {
    return [...this.#images.values()]
      .map((stored) => this.present(stored))
      .sort((a, b) => Date.parse(b.created) - Date.parse(a.created));
  }

  /**
   * Finds an image as docker does: full id, then reference, then unique prefix of an id.
   * @throws NotFoundError with docker's words, InvalidError for what is no reference or fits several
   */
  find(ref: string): Image {
    return this.present(this.stored(ref));
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
      await this.name(this.stored(source), { tags: [fullForm(reference)] });
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
    return this.#holds.hold(id);
  }

  // What follows is for the other files of this folder.

  isHeld(id: string): boolean {
    return this.#holds.has(id);
  }

  /** An image that is here with all that its manifest names. */
  isComplete(id: string): boolean {
    const image = this.#images.get(id);
    return (
      image !== undefined &&
      image.blobs.length > 0 &&
      image.blobs.every((one) => this.blobs.has(one))
    );
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
    return present(stored, this.layers);
  }

  /** Makes an image visible under these names, or gives them to it when it is there; its layers are visible. */
  async add(
    image: Omit<StoredImage, 'record'>,
    configBytes: Uint8Array,
    names: ImageNames & { manifest?: Digest | undefined },
  ): Promise<StoredImage> {
    const existing = this.#images.get(image.id);
    if (existing) {
      await this.name(existing, names);
      if (names.manifest && !existing.record.manifest) {
        await this.#write(existing, { ...existing.record, manifest: names.manifest });
        existing.blobs = image.blobs;
      }
      return existing;
    }
    const record: ImageRecord = { schema: 1, tags: {}, digests: [], manifest: names.manifest };
    const stored: StoredImage = { ...image, record: this.#withNames(record, names) };
    const staging = join(this.paths.staging, prefix + randomUUID());
    await mkdir(staging, { mode: 0o700 });
    await writeNewFile(join(staging, 'config.json'), configBytes);
    await writeRecord(join(staging, 'image.json'), stored.record);
    await rename(staging, this.#dir(image.id));
    await syncFolder(this.paths.images);
    this.#images.set(image.id, stored);
    await this.#takeFromOthers(stored, names);
    return stored;
  }

  /** Points full references at an image, taking them from those that had them. */
  async name(image: StoredImage, names: ImageNames): Promise<void> {
    const { tags = [], digests = [] } = names;
    const isNew =
      tags.some((tag) => this.#tags.get(tag) !== image.id) ||
      digests.some((digest) => !image.record.digests.includes(digest));
    if (!isNew) return;
    await this.#write(image, this.#withNames(image.record, names));
    await this.#takeFromOthers(image, names);
  }

  /** @param references full, with a tag or a digest */
  async unname(image: StoredImage, references: readonly string[]): Promise<void> {
    await this.#write(image, without(image.record, references));
    for (const reference of references) this.#tags.delete(reference);
  }

  /**
   * Removes an image that has no names and the layers that no other image has. From the call on nobody finds
   * it: nothing can begin to use it while it goes.
   */
  async delete(image: StoredImage): Promise<void> {
    this.#images.delete(image.id);
    await removeTree(this.#dir(image.id), this.paths.trash);
    await syncFolder(this.paths.images);
    await this.collectGarbage();
  }

  /** Removes what no image refers to and nobody holds; call it inside `exclusively`. */
  async collectGarbage(): Promise<void> {
    if (!this.#hasBroken) await removeOrphans([...this.#images.values()], this.layers, this.blobs);
  }

  #withNames(record: ImageRecord, { tags = [], digests = [] }: ImageNames): ImageRecord {
    const generations = tags.map((tag) => [tag, ++this.#generation]);
    return {
      ...record,
      tags: { ...record.tags, ...Object.fromEntries(generations) },
      digests: [...new Set([...record.digests, ...digests])],
    };
  }

  async #takeFromOthers(image: StoredImage, { tags = [], digests = [] }: ImageNames) {
    for (const tag of tags) this.#tags.set(tag, image.id);
    const taken = [...tags, ...digests];
    for (const other of this.#images.values()) {
      const { record } = other;
      const isClaimed = taken.some((one) => one in record.tags || record.digests.includes(one));
      if (other !== image && isClaimed) await this.#write(other, without(record, taken));
    }
  }

  #dir(id: string): string {
    return join(this.paths.images, hexOf(id));
  }

  async #write(image: StoredImage, record: ImageRecord): Promise<void> {
    await writeRecord(join(this.#dir(image.id), 'image.json'), record);
    image.record = record;
  }

  async #load(): Promise<void> {
    const { images, hasBroken } = await loadImages(this, this.log);
    this.#hasBroken = hasBroken;
    for (const image of images) this.#images.set(image.id, image);
    const { winners, losers, highest } = settleTags(images);
    this.#generation = highest;
    for (const { tag, image } of winners) this.#tags.set(tag, image.id);
    for (const { tag, image } of losers) await this.#write(image, without(image.record, [tag]));
  }
}

function without(record: ImageRecord, references: readonly string[]): ImageRecord {
  const tags = Object.entries(record.tags).filter(([tag]) => !references.includes(tag));
  const digests = record.digests.filter((digest) => !references.includes(digest));
  return { ...record, tags: Object.fromEntries(tags), digests };
}
