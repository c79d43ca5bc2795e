/**
 * Gives back the buffers that a stream of bytes has used. V8 counts what lies outside its heap, but lets 64 MiB of it gather in
 * each thread before it looks; a collection of the young generation frees them, and takes less than a millisecond. `gc({type})`
 * of V8, by --expose-gc
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Two to four times as much is in use by then, for buffers are larger than what is in them. */
const everyBytes = 1024 * 1024;

let collect: ((options: { type: 'minor' }) => void) | undefined;
let bytesSince = 0;

/** To be told of each chunk, when it has been used. */
export function spent({ length }: Uint8Array): void {
  bytesSince += length;
  if (bytesSince < everyBytes) return;
  bytesSince = 0;
  collect ??= exposed();
  collect({ type: 'minor' });
}

function exposed(): NonNullable<typeof collect> {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc');
}
