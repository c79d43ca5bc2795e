/**
 * Docker's multiplexed stream: frames of an 8-byte header (stream, 0 0 0, length as u32 big-endian) and
 * the payload. `POST /containers/{id}/attach`, section "Stream format".
 */
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';

export type StreamName = 'stdout' | 'stderr';

export interface Piece {
  readonly stream: StreamName;
  readonly bytes: Buffer;
}

/** Takes bytes cut anywhere, gives pieces of payload at once: a frame is never held back whole. */
export class FrameParser {
  #header = Buffer.alloc(8);
  #headerLength = 0;
  #remaining = 0;
  #stream: StreamName = 'stdout';

  /** @throws Error when a header names no stream we know */
  push(chunk: Buffer): Piece[] {
    const pieces: Piece[] = [];
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#remaining === 0) {
        offset += this.#takeHeader(chunk, offset);
        continue;
      }
      const bytes = chunk.subarray(offset, offset + this.#remaining);
      pieces.push({ stream: this.#stream, bytes });
      this.#remaining -= bytes.length;
      offset += bytes.length;
    }
    return pieces;
  }

  /** True between two frames: a stream that ends elsewhere was cut. */
  get isComplete(): boolean {
    return this.#headerLength === 0 && this.#remaining === 0;
  }

  #takeHeader(chunk: Buffer, offset: number): number {
    const taken = chunk.copy(this.#header, this.#headerLength, offset);
    this.#headerLength += taken;
    if (this.#headerLength === 8) {
      this.#stream = streamName(this.#header[0] ?? 0);
      this.#remaining = this.#header.readUInt32BE(4);
      this.#headerLength = 0;
    }
    return taken;
  }
}

/** One frame, as an engine sends it. */
export function formatFrame({ stream, bytes }: Piece): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream === 'stdout' ? 1 : 2;
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

/** Splits a multiplexed stream onto two writers until it ends; waits for slow writers. */
export async function demultiplex(
  source: Readable,
  targets: Readonly<Record<StreamName, Writable>>,
): Promise<void> {
  const parser = new FrameParser();
  for await (const chunk of source) {
    for (const { stream, bytes } of parser.push(chunk as Buffer)) {
      await writeAll(targets[stream], bytes);
    }
  }
}

/** Copies a raw stream (a terminal's) to one writer until it ends. */
export async function copyRaw(source: Readable, target: Writable): Promise<void> {
  for await (const chunk of source) await writeAll(target, chunk as Buffer);
}

async function writeAll(target: Writable, bytes: Buffer): Promise<void> {
  if (!target.write(bytes) && !target.destroyed) await once(target, 'drain');
}

/** 0 is stdin echoed by old engines, shown as stdout as docker does. */
function streamName(id: number): StreamName {
  if (id === 0 || id === 1) return 'stdout';
  if (id === 2) return 'stderr';
  throw new Error(`unrecognized stream ${id} in the engine's output`);
}
