/** A blob while it is written: its digest and size are taken on the way, and checked at the end. */
import { createHash } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { InvalidError } from '../errors/errors.ts';
import type { Digest } from './descriptor.ts';

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

export class BlobWriter {
  readonly #hash = createHash('sha256');
  #sizeBytes = 0;

  private constructor(
    readonly path: string,
    private readonly file: FileHandle,
    private readonly expected: ExpectedBlob | undefined,
  ) {}

  /** @param path of a file that is not there */
  static async open(path: string, expected?: ExpectedBlob): Promise<BlobWriter> {
    return new BlobWriter(path, await open(path, 'wx', 0o600), expected);
  }

  /** @throws InvalidError when more comes than was announced */
  async write(chunk: Uint8Array): Promise<void> {
    const { expected } = this;
    this.#sizeBytes += chunk.length;
    if (expected && this.#sizeBytes > expected.size)
      throw new InvalidError(
        `blob ${expected.digest}: more bytes came than the ${expected.size} that were announced`,
      );
    this.#hash.update(chunk);
    await this.file.writeFile(chunk);
  }

  /**
   * It is complete; it is not on the disk yet, the layer store's `sync` sees to that.
   * @throws InvalidError when it is not what was expected
   */
  async finish(): Promise<StagedBlob> {
    const digest: Digest = `sha256:${this.#hash.digest('hex')}`;
    const blob = { path: this.path, digest, sizeBytes: this.#sizeBytes };
    if (this.expected) assertExpected(blob, this.expected);
    await this.file.close();
    return blob;
  }

  /** Brings what is written to the disk. */
  async sync(): Promise<void> {
    await this.file.sync();
  }

  /** Nothing is left of it. */
  async discard(): Promise<void> {
    await this.file.close();
    await unlink(this.path).catch(() => undefined);
  }
}

function assertExpected(found: Blob, { digest, size }: ExpectedBlob): void {
  if (found.sizeBytes !== size)
    throw new InvalidError(`blob ${digest}: ${found.sizeBytes} bytes came, ${size} were announced`);
  if (found.digest !== digest)
    throw new InvalidError(`blob ${digest}: what came has the digest ${found.digest}`);
}
