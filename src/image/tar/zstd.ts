/** Zstandard without Node's help: before 22.15 it has none. RFC 8878 */
import { Decompress } from 'fzstd';

/**
 * One step takes so many bytes: a block is four bytes at least and becomes 128 KiB at most, and all that a step gives lies in
 * memory before anybody can say that it is too much.
 */
const stepBytes = 1024;

/** @throws an error with the code ZSTD_error for what is no zstd, or is cut off */
export async function* decompressZstd(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let found: Uint8Array[] = [];
  const decoder = new Decompress((chunk) => found.push(chunk));
  const step = (bytes: Uint8Array, isLast: boolean): Buffer[] => {
    found = [];
    try {
      decoder.push(bytes, isLast);
    } catch (error) {
      throw Object.assign(error as Error, { code: 'ZSTD_error' });
    }
    return found.filter(({ length }) => length > 0).map((chunk) => Buffer.from(chunk));
  };
  for await (const chunk of source)
    for (let at = 0; at < chunk.length; at += stepBytes)
      // Its own copy: the decoder keeps what it has not used.
      yield* step(Uint8Array.from(chunk.subarray(at, at + stepBytes)), false);
  yield* step(new Uint8Array(0), true);
}
