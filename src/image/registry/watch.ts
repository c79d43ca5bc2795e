/** A transfer that only drips is as good as broken: too few bytes in a span of waiting end it. */
import { requestName, TransientError } from './failures.ts';
import type { Limits } from './options.ts';
import type { Answer } from './transport.ts';

/**
 * The body's chunks. Only time in which we wait counts, not the reader's own.
 * @throws TransientError when fewer than `stallBytes` came in `stallMs` of waiting
 */
export async function* watched(
  { method, url, body }: Answer,
  { stallMs, stallBytes }: Limits,
): AsyncGenerator<Buffer> {
  const iterator = body[Symbol.asyncIterator]();
  const late = () =>
    body.destroy(
      new TransientError(
        `${requestName(method, url)}: less than ${stallBytes} bytes in ${stallMs} ms`,
      ),
    );
  let waitedMs = 0;
  let bytes = 0;
  for (;;) {
    const timer = setTimeout(late, Math.max(1, stallMs - waitedMs));
    const begun = performance.now();
    const step = await iterator.next().finally(() => clearTimeout(timer));
    if (step.done) return;
    const chunk = step.value as Buffer;
    waitedMs += performance.now() - begun;
    bytes += chunk.length;
    if (bytes >= stallBytes) waitedMs = bytes = 0;
    yield chunk;
  }
}
