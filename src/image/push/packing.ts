/**
 * A layer's compressed archive while it is made. It is written to a file in staging, which is sent while it grows: the file is the buffer
 * between the two, so a slow registry holds no memory, and another try begins at its start.
 */
import type { BlobWriter, StagedBlob } from '../blob-writer.ts';
import { type Descriptor, mediaTypes } from '../descriptor.ts';
import { explainFull } from '../disk-full.ts';
import { gzipped } from '../gzip.ts';
import { keptBlob } from '../layer-archive.ts';
import { repack } from '../repack.ts';
import type { ImageStore } from '../store.ts';
import { GrowingFile } from '../unpacker/growing-file.ts';
import { syncFile } from '../write-file.ts';

export class Packing {
  /** Known when all has been packed. @throws what `open` throws */
  readonly descriptor: Promise<Descriptor>;
  readonly #file: GrowingFile;
  readonly #staged: Promise<StagedBlob>;
  readonly #synced: Promise<void>;
  #plainBytes = 0;

  private constructor(
    private readonly store: ImageStore,
    private readonly diffId: string,
    private readonly writer: BlobWriter,
    signal: AbortSignal,
  ) {
    this.#file = new GrowingFile(writer.path);
    signal.addEventListener('abort', () => this.#file.fail(signal.reason), { once: true });
    this.#staged = this.#pack();
    this.descriptor = this.#staged.then(({ digest, sizeBytes: size }) => ({
      mediaType: mediaTypes.dockerLayerGzip,
      digest,
      size,
    }));
    this.#synced = this.#staged.then(({ path }) => syncFile(path));
    this.#staged.catch((error: unknown) => this.#file.fail(error));
    for (const each of [this.descriptor, this.#synced]) each.catch(() => undefined); // told by `open` too
  }

  /** Begins with it; it is to be ended by `keep` or `discard`. The caller holds the layer. */
  static async begin(store: ImageStore, diffId: string, signal: AbortSignal): Promise<Packing> {
    signal.throwIfAborted();
    return new Packing(store, diffId, await store.blobs.begin(), signal);
  }

  /** The bytes from the start, those that are not there yet when they are. @throws SystemError when the folder no longer is the layer */
  open(): AsyncIterable<Buffer> {
    return this.#file.read();
  }

  /** How much of the uncompressed archive so many bytes are, about. */
  plainOf(bytes: number): number {
    return Math.round((bytes * this.#plainBytes) / Math.max(1, this.#file.available));
  }

  /** Makes it the blob that the layer is given out as. */
  async keep(): Promise<Descriptor> {
    const { store, diffId } = this;
    const staged = await this.#staged;
    const blob = await this.descriptor;
    await this.#synced;
    return store.exclusively(async () => {
      await store.blobs.commit(staged);
      // Who has the uncompressed one does not have this.
      await store.layers.update(diffId, { blob, sources: undefined });
      return blob;
    });
  }

  /** Ends it if it is at work; nothing is left of it. */
  async discard(reason: unknown): Promise<void> {
    this.#file.fail(reason);
    await Promise.allSettled([this.#staged, this.#synced]);
    await this.writer.discard();
  }

  async #pack(): Promise<StagedBlob> {
    try {
      for await (const chunk of gzipped(this.#plain())) {
        await this.writer.write(chunk);
        this.#file.grow(chunk.length);
      }
      const blob = await this.writer.finish();
      this.#file.complete();
      return blob;
    } catch (error) {
      throw explainFull(error, 'pack the layer', this.store.paths.staging);
    }
  }

  async *#plain(): AsyncGenerator<Buffer> {
    const { store, diffId } = this;
    const plain = keptBlob(store, diffId);
    for await (const chunk of plain
      ? store.blobs.read(plain.digest)
      : repack(store.layers, diffId)) {
      if (this.#file.failure) throw this.#file.failure.reason;
      this.#plainBytes += chunk.length;
      yield chunk;
    }
  }
}
