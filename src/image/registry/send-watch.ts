/** Ends an upload whose bytes are not taken: undici minds only what it is to receive. */
import { TransientError } from './failures.ts';

export class SendWatch {
  readonly #abort = new AbortController();
  readonly #forward: () => void;
  #timer: NodeJS.Timeout | undefined;
  #stalled: TransientError | undefined;
  /** Bytes that have been taken. */
  sent = 0;

  constructor(
    private readonly stallMs: number,
    private readonly what: string,
    private readonly outer: AbortSignal,
  ) {
    this.#forward = () => this.#abort.abort(outer.reason);
    outer.addEventListener('abort', this.#forward, { once: true });
  }

  /** @param exchange with the signal given. @throws as it does, but for what has been aborted the reason */
  async during<T>(exchange: (signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await exchange(this.#abort.signal);
    } catch (error) {
      this.outer.throwIfAborted();
      throw this.#stalled ?? error;
    } finally {
      clearTimeout(this.#timer);
      this.outer.removeEventListener('abort', this.#forward);
    }
  }

  /** The clock runs while the registry has a chunk to take, not while the next one is made. */
  async *counted(
    chunks: AsyncIterable<Uint8Array>,
    onBytes: (sent: number) => void,
  ): AsyncGenerator<Uint8Array> {
    this.sent = 0;
    try {
      for await (const chunk of chunks) {
        this.#timer = setTimeout(() => this.#stall(), this.stallMs);
        yield chunk;
        clearTimeout(this.#timer);
        this.sent += chunk.length;
        onBytes(this.sent);
      }
    } finally {
      clearTimeout(this.#timer);
    }
  }

  #stall(): void {
    this.#stalled = new TransientError(
      `${this.what}: the registry took no bytes for ${this.stallMs} ms`,
    );
    this.#abort.abort(this.#stalled);
  }
}
