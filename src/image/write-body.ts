/** Writes an entry's body to a descriptor: small pieces at once, large ones off the main thread. */
import { ftruncateSync, write, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { isMainThread } from 'node:worker_threads';
import type { TarEntry } from './tar/read.ts';
import type { Segment } from './tar/sparse.ts';

const writeInBackground = promisify(write);

/**
 * Up to this many bytes a write into the page cache costs less than a trip to another thread. A thread of its own has nothing
 * else to do meanwhile.
 */
const smallBytes = isMainThread ? 64 * 1024 : Number.POSITIVE_INFINITY;

/** Larger files are written in pieces of about this size: each trip to another thread takes its time. */
const batchBytes = 256 * 1024;

/** @param fd of a new file, at its start; of a sparse one the holes stay holes */
export async function writeBody(fd: number, entry: TarEntry): Promise<void> {
  if (entry.segments) return await writeSegments(fd, entry, entry.segments);
  let batch: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of entry.body()) {
    if (entry.size <= smallBytes) {
      writeAll(fd, chunk);
      continue;
    }
    batch.push(chunk);
    bytes += chunk.length;
    if (bytes < batchBytes) continue;
    await writeAllInBackground(fd, Buffer.concat(batch, bytes));
    batch = [];
    bytes = 0;
  }
  if (bytes > 0) await writeAllInBackground(fd, Buffer.concat(batch, bytes));
}

async function writeSegments(
  fd: number,
  entry: TarEntry,
  segments: readonly Segment[],
): Promise<void> {
  const places = segments.filter(({ length }) => length > 0).values();
  let { offset, length } = { offset: 0, length: 0 };
  for await (const chunk of entry.body())
    for (let at = 0; at < chunk.length; ) {
      if (length === 0)
        ({ offset, length } = places.next().value ?? { offset, length: chunk.length });
      const part = chunk.subarray(at, at + length);
      const { bytesWritten } = await writeInBackground(fd, part, 0, part.length, offset);
      at += bytesWritten;
      offset += bytesWritten;
      length -= bytesWritten;
    }
  ftruncateSync(fd, entry.size);
}

function writeAll(fd: number, chunk: Buffer): void {
  for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at);
}

async function writeAllInBackground(fd: number, chunk: Buffer): Promise<void> {
  for (let at = 0; at < chunk.length; )
    at += (await writeInBackground(fd, chunk, at, chunk.length - at, null)).bytesWritten;
}
