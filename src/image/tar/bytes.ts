/** Reads exact numbers of bytes from a stream of chunks, without copying what lies in one chunk. */
import { InvalidError } from '../../errors/errors.ts';
import { exceeded, type TarLimits } from './limits.ts';

export class ByteReader {
  readonly #source: AsyncIterator<Buffer>;
  #chunk: Buffer = Buffer.alloc(0);
  /** Bytes handed out so far: the position, for messages. */
  offset = 0;

  #received = 0;

  constructor(
    source: AsyncIterable<Buffer>,
    readonly limits: TarLimits,
  ) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /**
   * Exactly `length` bytes, or undefined at the very end of the stream.
   * @throws InvalidError when the stream ends in between
   */
  async readOrEnd(length: number): Promise<Buffer | undefined> {
    if (this.#chunk.length === 0 && !(await this.#more())) return undefined;
    return this.read(length);
  }

  /** Exactly `length` bytes. @throws InvalidError when there are fewer */
  async read(length: number): Promise<Buffer> {
    if (this.#chunk.length >= length) return this.#take(length);
    const parts: Buffer[] = [];
    let missing = length;
    while (missing > 0) {
      const part = await this.readSome(missing);
      parts.push(part);
      missing -= part.length;
    }
    return Buffer.concat(parts, length);
  }

  /** Between 1 and `most` bytes. @throws InvalidError at the end of the stream */
  async readSome(most: number): Promise<Buffer> {
    if (this.#chunk.length === 0 && !(await this.#more())) throw truncated(this.offset);
    return this.#take(Math.min(most, this.#chunk.length));
  }

  async skip(length: number): Promise<void> {
    for (let missing = length; missing > 0; ) missing -= (await this.readSome(missing)).length;
  }

  /** Reads to the end and forgets what it reads. */
  async drain(): Promise<void> {
    do this.#take(this.#chunk.length);
    while (await this.#more());
  }

  /** Tells the source that no more is wanted. */
  async close(): Promise<void> {
    await this.#source.return?.();
  }

  async #more(): Promise<boolean> {
    for (;;) {
      const next = await this.#source.next();
      if (next.done) return false;
      this.#chunk = next.value;
      this.#received += this.#chunk.length;
      if (this.#received > this.limits.archiveBytes)
        throw exceeded('archiveBytes', this.limits, 'its size');
      if (this.#chunk.length > 0) return true;
    }
  }

  #take(length: number): Buffer {
    const taken = this.#chunk.subarray(0, length);
    this.#chunk = this.#chunk.subarray(length);
    this.offset += length;
    return taken;
  }
}

function truncated(offset: number): InvalidError {
  return new InvalidError(`invalid archive: it ends early, after ${offset} bytes: send it again`);
}
