/** Reading an answer that is small by its nature: whole, within a size and a time, so that no registry fills the memory or holds a pull. */
import { setImmediate } from 'node:timers/promises';
import { InvalidError } from '../../errors/errors.ts';
import { requestName, TransientError, transportError } from './failures.ts';
import type { Answer } from './transport.ts';

/**
 * @param maxBytes beyond it the connection is dropped
 * @throws InvalidError when it is larger, TransientError when it breaks off or takes longer than `timeoutMs`
 */
export async function readSmall(
  answer: Answer,
  maxBytes: number,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const { method, url, body } = answer;
  const late = () =>
    body.destroy(
      new TransientError(
        `${requestName(method, url)}: the answer took longer than ${timeoutMs} ms`,
      ),
    );
  const timer = setTimeout(late, timeoutMs);
  try {
    const bytes = await collect(answer, maxBytes);
    // undici counts a connection as free one turn of the loop after its answer has ended.
    await setImmediate();
    return bytes;
  } catch (error) {
    signal.throwIfAborted();
    throw transportError(method, url, error);
  } finally {
    clearTimeout(timer);
    abandon(answer);
  }
}

async function collect({ method, url, headers, body }: Answer, maxBytes: number): Promise<Buffer> {
  const tooLarge = () =>
    new InvalidError(`${requestName(method, url)}: the answer is larger than ${maxBytes} bytes`);
  if (Number(headers['content-length'] ?? 0) > maxBytes && method !== 'HEAD') throw tooLarge();
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += (chunk as Buffer).length;
    if (length > maxBytes) throw tooLarge();
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

/** Few bytes are read away, so that the connection serves again; of more the connection is not worth the wait. */
const drainBytesMax = 16 * 1024;
const drainMs = 1000;

/** Has done with an answer whose body nobody wants; then its connection is free for the next request. */
export async function discard({ body }: Answer): Promise<void> {
  // However it ends, nobody minds.
  body.on('error', () => undefined);
  const options = { limit: drainBytesMax, signal: AbortSignal.timeout(drainMs) };
  await body.dump(options).catch(() => undefined);
  await setImmediate();
}

/** Ends an answer that may still be coming, and with it its connection. */
export function abandon({ body }: Answer): void {
  body.on('error', () => undefined).destroy();
}

/** Of a header that must not repeat, the first value. */
export function headerOf({ headers }: Answer, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

export function headersOf({ headers }: Answer, name: string): string[] {
  const value = headers[name];
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}
