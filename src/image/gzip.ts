/**
 * Compression for registries: a row of gzip members of 1 MiB each, as RFC 1952 allows, so that all cores work at it and the same
 * bytes give the same bytes, on however many. What does not shrink is stored.
 */
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { deflateRawSync, gzip } from 'node:zlib';
import { Slots } from './slots.ts';

const compress = promisify(gzip);

/** Larger ones save no more; the window is 32 KiB. */
const memberBytes = 1024 * 1024;

/** Takes two thirds of the time of 6, for 2 % more. */
const level = 4;

/** Over all layers. Of libuv's four threads one is left to files. */
const slots = new Slots(Math.min(availableParallelism(), 3));

/** Members of one stream that are at work or wait for their turn to leave. */
const ahead = 3;

/** The same bytes for the same bytes: no header has a time or a name. @throws what `source` throws */
export async function* gzipped(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const queue: Promise<Buffer>[] = [];
  for await (const piece of inMembers(source)) {
    const member = memberOf(piece);
    member.catch(() => undefined); // heard when its turn comes
    queue.push(member);
    if (queue.length >= ahead) yield (await queue.shift()) as Buffer;
  }
  for (const member of queue) yield await member;
}

/** Pieces of one size, the last one excepted; one at least. */
async function* inMembers(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let piece = Buffer.allocUnsafeSlow(memberBytes);
  let used = 0;
  let isFirst = true;
  for await (const chunk of source)
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + memberBytes - used);
      piece.set(part, used);
      used += part.length;
      at += part.length;
      if (used < memberBytes) continue;
      yield piece;
      isFirst = false;
      piece = Buffer.allocUnsafeSlow(memberBytes);
      used = 0;
    }
  if (used > 0 || isFirst) yield piece.subarray(0, used);
}

async function memberOf(piece: Buffer): Promise<Buffer> {
  const free = await slots.take();
  try {
    // One trip to another thread: what is stored takes five bytes more for each 16 KiB at most.
    const chunkSize = piece.length + (piece.length >> 10) + 1024;
    return await compress(piece, { level: shrinks(piece) ? level : 0, chunkSize });
  } finally {
    free();
  }
}

const sampleBytes = 4096;
const samples = 8;
/** Less is not worth sixteen milliseconds. */
const wantedShare = 0.97;

/** Layers are full of what is compressed already: packages, pictures. Told by samples, evenly spread. */
function shrinks(piece: Buffer): boolean {
  const step = Math.floor(piece.length / samples);
  if (step <= sampleBytes) return true;
  const parts = Array.from({ length: samples }, (_, i) =>
    piece.subarray(i * step, i * step + sampleBytes),
  );
  const sample = Buffer.concat(parts);
  return deflateRawSync(sample, { level: 1 }).length < sample.length * wantedShare;
}
