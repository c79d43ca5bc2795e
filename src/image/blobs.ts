/**
 * The content store: `blobs/HEX`, HEX the sha256 of the bytes. Compressed layers as they came, and manifests: what a push or a
 * save hands on unchanged.
 *
 * Contract
 * - A blob is visible when it is complete, verified and synced: it is written in `staging/` and renamed in.
 * - Who refers to a blob is told by the records of images and layers, nowhere else; the caller of `remove` knows that nobody does.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, mkdir, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { SystemError } from '../errors/errors.ts';
import type { Paths } from '../store/paths.ts';
import { type Blob, BlobWriter, type ExpectedBlob, type StagedBlob } from './blob-writer.ts';
import { type Digest, digestOf, isDigest } from './descriptor.ts';
import { Holds } from './holds.ts';
import { syncFolder } from './write-file.ts';

const prefix = 'blob-';

export class BlobStore {
  readonly #sizes = new Map<Digest, number>();
  readonly holds = new Holds<Digest>();

  constructor(readonly paths: Paths) {}

  /** Reads which ones are there. */
  async open(): Promise<void> {
    await mkdir(this.paths.blobs, { recursive: true, mode: 0o700 });
    for (const name of await readdir(this.paths.blobs)) {
      const digest = `sha256:${name}`;
      if (!isDigest(digest)) continue;
      const stat = await lstat(join(this.paths.blobs, name));
      if (stat.isFile()) this.#sizes.set(digest, stat.size);
    }
  }

  has(digest: Digest): boolean {
    return this.#sizes.has(digest);
  }

  /** Bytes; undefined when it is not there. */
  sizeOf(digest: Digest): number | undefined {
    return this.#sizes.get(digest);
  }

  all(): Digest[] {
    return [...this.#sizes.keys()];
  }

  path(digest: Digest): string {
    return join(this.paths.blobs, digest.slice('sha256:'.length));
  }

  /** The bytes from the start, in pieces. */
  read(digest: Digest): AsyncIterable<Buffer> {
    return createReadStream(this.path(digest), { highWaterMark: 256 * 1024 });
  }

  /**
   * The bytes of a small one, such as a manifest.
   * @throws SystemError when they are no longer what the name says
   */
  async readVerified(digest: Digest): Promise<Buffer> {
    const bytes = await readFile(this.path(digest));
    if (digestOf(bytes) === digest) return bytes;
    throw new SystemError(`the blob ${this.path(digest)} is damaged: remove its image and pull it`);
  }

  /**
   * Writes a blob into staging while its digest is taken.
   * @param expected undefined: whatever comes
   * @throws InvalidError when it is not what was expected; nothing is left of it then
   */
  async stage(source: AsyncIterable<Uint8Array>, expected?: ExpectedBlob): Promise<StagedBlob> {
    const writer = await this.begin(expected);
    try {
      for await (const chunk of source) await writer.write(chunk);
      await writer.sync();
      return await writer.finish();
    } catch (error) {
      await writer.discard();
      throw error;
    }
  }

  /** As `stage`, for who has the bytes in hand. */
  begin(expected?: ExpectedBlob): Promise<BlobWriter> {
    return BlobWriter.open(join(this.paths.staging, prefix + randomUUID()), expected);
  }

  /** Makes a staged blob visible; if the same one is there already, that one is used. */
  async commit({ path, digest, sizeBytes }: StagedBlob): Promise<Blob> {
    // Two who made it together may both say that it is complete.
    if (this.#sizes.has(digest)) await unlink(path).catch(() => undefined);
    else await rename(path, this.path(digest));
    await syncFolder(this.paths.blobs);
    this.#sizes.set(digest, sizeBytes);
    return { digest, sizeBytes };
  }

  async discard({ path }: StagedBlob): Promise<void> {
    await unlink(path).catch(() => undefined);
  }

  /** A small one that is in memory. */
  async add(bytes: Uint8Array): Promise<Blob> {
    const digest = digestOf(bytes);
    if (this.#sizes.has(digest)) return { digest, sizeBytes: bytes.length };
    return this.commit(await this.stage(once(bytes)));
  }

  /** The caller knows that nobody refers to it. */
  async remove(digest: Digest): Promise<void> {
    this.#sizes.delete(digest);
    await unlink(this.path(digest)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
