/**
 * Progress as docker's API streams it: a JSON object a line. The answer begins with the first line: what goes wrong before it
 * has a status of its own, what goes wrong later is a line.
 */
import { EngineError } from '../../errors/errors.ts';
import type { Progress } from '../../image/pull/progress.ts';
import { progressBar } from '../client/progress-bar.ts';
import type { Exchange } from '../exchange.ts';

/** How often one layer's bytes are told, milliseconds. */
const everyMs = 100;

/** A client that does not read is told no more bytes until it has read so much. */
const bufferedBytesMax = 256 * 1024;

export class ProgressStream {
  readonly #toldMs = new Map<string, number>();
  #hasBegun = false;

  constructor(private readonly exchange: Exchange) {}

  /** May be handed on as a function. */
  readonly report = (progress: Progress): void => {
    const { id, status, current, total } = progress;
    if (current !== undefined && !this.#isDue(`${id} ${status}`, current === total)) return;
    const isStep = id !== undefined && !status.startsWith('Pulling from');
    const detail = current === undefined ? {} : { current, total };
    this.write({
      status,
      ...(isStep && { progressDetail: detail }),
      ...(current !== undefined && { progress: progressBar(current, total ?? 0) }),
      ...(id !== undefined && { id }),
    });
  };

  /** The last line of what went wrong, or, when nothing was said yet, the error itself. */
  fail(error: unknown): void {
    if (!this.#hasBegun) throw error;
    const message = error instanceof Error ? error.message : String(error);
    if (!(error instanceof EngineError)) this.exchange.engine.log.error({ err: error }, message);
    this.write({ errorDetail: { message }, error: message });
  }

  end(): void {
    this.#begin();
    this.exchange.response.end();
  }

  write(line: object): void {
    this.#begin();
    if (!this.exchange.signal.aborted) this.exchange.response.write(`${JSON.stringify(line)}\r\n`);
  }

  #begin(): void {
    if (!this.#hasBegun) this.exchange.stream('application/json');
    this.#hasBegun = true;
  }

  #isDue(key: string, isLast: boolean): boolean {
    const nowMs = performance.now();
    const isFull = this.exchange.response.writableLength > bufferedBytesMax;
    const isEarly = nowMs - (this.#toldMs.get(key) ?? -everyMs) < everyMs;
    if (!isLast && (isEarly || isFull)) return false;
    this.#toldMs.set(key, nowMs);
    return true;
  }
}
