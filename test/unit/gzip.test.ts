/** Compression for registries: the same bytes for the same bytes, however they come; readable by everybody. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { gzipped } from '../../src/image/gzip.ts';
import { decompress } from '../../src/image/tar/decompress.ts';
import { defaultLimits } from '../../src/image/tar/limits.ts';
import { collect, inPieces } from '../support/blobs.ts';

const mebibyte = 1024 * 1024;
const words = Buffer.from('the same words again and again, and not the same '.repeat(90_000));
const noise = randomBytes(2 * mebibyte);
const compress = (bytes: Buffer, size?: number) => collect(gzipped(inPieces(bytes, size)));

describe.each<[string, Buffer]>([
  ['nothing', Buffer.alloc(0)],
  ['a byte', Buffer.from('x')],
  ['one member and no more', words.subarray(0, mebibyte)],
  ['a byte more than one', words.subarray(0, mebibyte + 1)],
  ['words', words],
  ['noise', noise],
  ['noise among words', Buffer.concat([words, noise, words])],
])('%s', (_what, bytes) => {
  test('comes back, whoever reads it', async () => {
    const compressed = await compress(bytes);
    expect(gunzipSync(compressed).equals(bytes)).toBe(true);
    const read = { input: compressed, maxBuffer: 1 << 28 };
    expect(execFileSync('gzip', ['-dc'], read).equals(bytes)).toBe(true);
    const engine = collect(decompress(inPieces(compressed), defaultLimits));
    expect((await engine).equals(bytes)).toBe(true);
  });
  test('is the same in whatever pieces it comes', async () => {
    const compressed = await compress(bytes);
    for (const size of [5000, mebibyte - 1, 3 * mebibyte])
      expect((await compress(bytes, size)).equals(compressed)).toBe(true);
  });
});

test('what shrinks does, what does not grows by little', async () => {
  expect((await compress(words)).length).toBeLessThan(words.length / 50);
  expect((await compress(noise)).length).toBeLessThan(noise.length * 1.001);
  const both = await compress(Buffer.concat([words, noise]));
  expect(both.length).toBeLessThan(noise.length + 1.5 * mebibyte);
});

test('an error of the source is thrown on', async () => {
  async function* broken(): AsyncGenerator<Buffer> {
    yield noise;
    throw new Error('no more of it');
  }
  await expect(collect(gzipped(broken()))).rejects.toThrow('no more of it');
});
