/**
 * A streaming tar writer.
 *
 * Contract
 * - Entries come out in the order they come in, byte for byte the same for the same entries.
 * - Nothing is read before it is asked for: whoever takes the chunks slowly slows the source.
 * - Small pieces are joined, so that a thousand small files are not thousands of writes.
 */
import { SystemError } from '../../errors/errors.ts';
import { encodeHeader, endOfArchive, padding, type TarHeader } from './encode.ts';

export interface Writable extends TarHeader {
  /** Exactly `size` bytes, each chunk a buffer of its own. */
  body?: () => AsyncIterable<Buffer>;
}

/** Pieces up to this size are joined. */
const joinBytes = 64 * 1024;

/**
 * The archive of these entries.
 * @throws SystemError when a body has not the size that was announced
 */
export async function* writeTar(entries: AsyncIterable<Writable>): AsyncGenerator<Buffer> {
  yield* joined(pieces(entries));
}

async function* pieces(entries: AsyncIterable<Writable>): AsyncGenerator<Buffer> {
  for await (const entry of entries) {
    yield encodeHeader(entry);
    if (entry.size === 0) continue;
    let left = entry.size;
    for await (const chunk of entry.body?.() ?? []) {
      left -= chunk.length;
      if (left < 0) break;
      yield chunk;
    }
    if (left !== 0) throw new SystemError(`cannot archive ${entry.path}: its size has changed`);
    yield padding(entry.size);
  }
  yield endOfArchive;
}

/** Copies small pieces into one buffer, passes large ones through. */
async function* joined(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let buffer = Buffer.allocUnsafe(joinBytes);
  let used = 0;
  for await (const piece of source) {
    if (used + piece.length > joinBytes && used > 0) {
      yield buffer.subarray(0, used);
      buffer = Buffer.allocUnsafe(joinBytes);
      used = 0;
    }
    if (piece.length > joinBytes / 2) {
      if (used > 0) yield buffer.subarray(0, used);
      if (used > 0) buffer = Buffer.allocUnsafe(joinBytes);
      used = 0;
      yield piece;
    } else used += piece.copy(buffer, used);
  }
  if (used > 0) yield buffer.subarray(0, used);
}
