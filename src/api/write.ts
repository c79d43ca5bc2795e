/** Writing to a client that may be slow, or gone. */
import { once } from 'node:events';
import type { Writable } from 'node:stream';

/**
 * Writes, and waits while the client does not take it.
 * @param signal its firing ends the wait with its reason
 */
export async function writeAll(
  to: Writable,
  bytes: Buffer | string,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  if (!to.write(bytes)) await once(to, 'drain', { signal });
}

/** One JSON value as a line. */
export function writeLine(to: Writable, value: unknown, signal: AbortSignal): Promise<void> {
  return writeAll(to, `${JSON.stringify(value)}\n`, signal);
}
