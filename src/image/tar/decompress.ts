/**
 * Finds out from its first bytes how a stream is compressed, and undoes it: gzip by Node, zstd too where Node has it
 * (22.15 on). RFC 1952, RFC 8878
 */
import { pipeline, Readable, type Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { InvalidError } from '../../errors/errors.ts';
import { exceeded, type TarLimits } from './limits.ts';
import { decompressZstd } from './zstd.ts';

/** Bytes of a larger block than the default 16 KiB cost fewer turns of the event loop. */
const chunkSize = 128 * 1024;

const foreign: { magic: string; name: string }[] = [
  { magic: '425a68', name: 'bzip2' },
  { magic: 'fd377a585a00', name: 'xz' },
  { magic: '504b0304', name: 'zip' },
];

type Codec = (source: AsyncIterable<Buffer>) => AsyncIterable<Buffer>;

/** @throws InvalidError while reading: unknown compression, broken data, a bomb */
export async function* decompress(
  source: AsyncIterable<Uint8Array>,
  limits: TarLimits,
): AsyncGenerator<Buffer> {
  const { start, rest } = await peek(source, 6);
  const codec = codecFor(start.toString('hex'));
  if (!codec) return yield* rest;
  const input = { bytes: 0 };
  yield* guarded(codec(counted(rest, input)), input, limits);
}

async function* guarded(
  plain: AsyncIterable<Buffer>,
  input: { bytes: number },
  limits: TarLimits,
): AsyncGenerator<Buffer> {
  let output = 0;
  try {
    for await (const chunk of plain) {
      output += chunk.length;
      if (output > limits.ratioFromBytes && output > limits.ratio * input.bytes)
        throw exceeded('ratio', limits, 'its compression');
      yield chunk;
    }
  } catch (error) {
    throw isZlibError(error)
      ? new InvalidError(`invalid archive: cannot decompress it: ${error.message}`, {
          cause: error,
        })
      : error;
  }
}

function isZlibError(error: unknown): error is Error {
  return error instanceof Error && /^Z_|^ZSTD_/.test(String((error as { code?: unknown }).code));
}

function codecFor(magic: string): Codec | undefined {
  if (magic.startsWith('1f8b')) return through(() => zlib.createGunzip({ chunkSize }));
  if (magic.startsWith('28b52ffd')) return zstd();
  const other = foreign.find((format) => magic.startsWith(format.magic));
  if (!other) return undefined;
  throw new InvalidError(
    `invalid archive: ${other.name} compression is not supported; decompress it first, or use gzip`,
  );
}

function zstd(): Codec {
  const create = (zlib as { createZstdDecompress?: (options: object) => Transform })
    .createZstdDecompress;
  return create ? through(() => create({ chunkSize })) : decompressZstd;
}

function through(create: () => Transform): Codec {
  return (source) => {
    const codec = create();
    pipeline(Readable.from(source), codec, () => {
      // The error, if any, is thrown by reading from the codec.
    });
    return codec as AsyncIterable<Buffer>;
  };
}

async function* counted(source: AsyncIterable<Buffer>, input: { bytes: number }) {
  for await (const chunk of source) {
    input.bytes += chunk.length;
    yield chunk;
  }
}

/** The first `length` bytes (fewer at the end), and a stream that still begins with them. */
async function peek(source: AsyncIterable<Uint8Array>, length: number) {
  const iterator = source[Symbol.asyncIterator]();
  let start = Buffer.alloc(0);
  while (start.length < length) {
    const next = await iterator.next();
    if (next.done) break;
    start = Buffer.concat([start, next.value]);
  }
  async function* rest(): AsyncGenerator<Buffer> {
    try {
      yield* pieces(start);
      for (let next = await iterator.next(); !next.done; next = await iterator.next())
        yield* pieces(next.value);
    } finally {
      await iterator.return?.();
    }
  }
  return { start: start.subarray(0, length), rest: rest() };
}

/** Hashing a chunk holds the event loop, so none is large. */
function* pieces(chunk: Uint8Array): Generator<Buffer> {
  for (let at = 0; at < chunk.length; at += chunkSize) {
    const length = Math.min(chunkSize, chunk.length - at);
    yield Buffer.from(chunk.buffer, chunk.byteOffset + at, length);
  }
}
