/** A file that is read while it is still being written, by one reader. */
import { open } from 'node:fs/promises';

const pieceBytes = 256 * 1024;

export class GrowingFile {
  #available = 0;
  #isComplete = false;
  /** Nobody reads it any more. */
  isAbandoned = false;
  #failure: { reason: unknown } | undefined;
  readonly #listeners = new Set<() => void>();

  /** @param onRead called with how many bytes have been read so far */
  constructor(
    readonly path: string,
    readonly onRead: (bytes: number) => void = () => undefined,
  ) {}

  /** Bytes that are there. */
  get available(): number {
    return this.#available;
  }

  /** No more will come, and all is well. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Why no more will come; undefined while more may. */
  get failure(): { reason: unknown } | undefined {
    return this.#failure;
  }

  grow(bytes: number): void {
    this.#available += bytes;
    this.#tell();
  }

  complete(): void {
    this.#isComplete = true;
    this.#tell();
  }

  /** No more will come: whoever reads gets the reason. */
  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#tell();
  }

  /** Calls back when it has grown or failed. @returns stops that */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** All its bytes, those that are not there yet when they are. @throws the reason of `fail` */
  async *read(): AsyncGenerator<Buffer> {
    const file = await open(this.path, 'r');
    try {
      for (let at = 0; await this.#isBeyond(at); ) {
        const length = Math.min(pieceBytes, this.#available - at);
        const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, at);
        if (bytesRead === 0) throw new Error(`${this.path} has lost its end`);
        at += bytesRead;
        this.onRead(at);
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Waits for more than that; false: there is none. */
  async #isBeyond(offset: number): Promise<boolean> {
    while (!this.#failure && !this.#isComplete && this.#available <= offset)
      await new Promise<void>((resolve) => {
        const stop = this.listen(() => {
          stop();
          resolve();
        });
      });
    if (this.#failure) throw this.#failure.reason;
    return this.#available > offset;
  }
}
