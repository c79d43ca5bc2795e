/**
 * The content store: `blobs/HEX`, HEX the sha256 of the bytes. Compressed layers as they came, and manifests: what a push or a
 * save hands on unchanged.
 *
 * Contract
 * - A blob is visible when it is complete, verified and synced: it is written in `staging/` and renamed in.
 * - Who refers to a blob is told by the records of images and layers, nowhere else; the caller of `remove` knows that nobody does.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidError, SystemError } from '../errors/errors.ts';
import type { Paths } from '../store/paths.ts';
import { type Digest, digestOf, isDigest } from './descriptor.ts';
import { syncFolder } from './write-file.ts';

export interface Blob {
  digest: Digest;
  sizeBytes: number;
}

/** A blob that is complete but not visible. */
export interface StagedBlob extends Blob {
  path: string;
}

/** What the bytes must turn out to be. */
export interface ExpectedBlob {
  digest: Digest;
  size: number;
}

const prefix = 'blob-';

export class BlobStore {
  readonly #sizes = new Map<Digest, number>();

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
    const path = join(this.paths.staging, prefix + randomUUID());
    try {
      return await write(path, source, expected);
    } catch (error) {
      await unlink(path).catch(() => undefined);
      throw error;
    }
  }

  /** Makes a staged blob visible; if the same one is there already, that one is used. */
  async commit({ path, digest, sizeBytes }: StagedBlob): Promise<Blob> {
    if (this.#sizes.has(digest)) await unlink(path);
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

async function write(
  path: string,
  source: AsyncIterable<Uint8Array>,
  expected: ExpectedBlob | undefined,
): Promise<StagedBlob> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of source) {
      sizeBytes += chunk.length;
      if (expected && sizeBytes > expected.size) throw tooLong(expected);
      hash.update(chunk);
      await file.writeFile(chunk);
    }
    const digest: Digest = `sha256:${hash.digest('hex')}`;
    if (expected) assertExpected({ digest, sizeBytes }, expected);
    await file.sync();
    return { path, digest, sizeBytes };
  } finally {
    await file.close();
  }
}

function assertExpected(found: Blob, { digest, size }: ExpectedBlob): void {
  if (found.sizeBytes !== size)
    throw new InvalidError(`blob ${digest}: ${found.sizeBytes} bytes came, ${size} were announced`);
  if (found.digest !== digest)
    throw new InvalidError(`blob ${digest}: what came has the digest ${found.digest}`);
}

function tooLong({ digest, size }: ExpectedBlob): InvalidError {
  return new InvalidError(`blob ${digest}: more bytes came than the ${size} that were announced`);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
