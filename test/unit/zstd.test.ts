/** Zstandard without Node's help, against the reference implementation's command. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { decompressZstd } from '../../src/image/tar/zstd.ts';
import { collect, inPieces } from '../support/blobs.ts';

const contents = {
  nothing: Buffer.alloc(0),
  text: Buffer.from('all work and no play '.repeat(200_000)),
  noise: randomBytes(3_000_000),
  zeros: Buffer.alloc(8_000_000),
};

function zstd(content: Buffer, ...flags: string[]): Buffer {
  return execFileSync('zstd', ['-q', '-c', ...flags], { input: content, maxBuffer: 1 << 28 });
}

describe.each(Object.entries(contents))('%s', (_name, content) => {
  test.each([['-1'], ['-19'], ['--long=27', '-3'], ['--no-check']])(
    'by zstd %s',
    async (...flags) => {
      const found = await collect(decompressZstd(inPieces(zstd(content, ...flags))));
      expect(found.equals(content)).toBe(true);
    },
  );
});

test('several frames, and frames to be skipped, are one stream', async () => {
  const skippable = Buffer.from('502a4d1804000000abcdabcd', 'hex');
  const frames = [zstd(contents.text), skippable, zstd(contents.noise), skippable];
  const found = await collect(decompressZstd(inPieces(Buffer.concat(frames))));
  expect(found.equals(Buffer.concat([contents.text, contents.noise]))).toBe(true);
});

test('what is cut off or broken is an error', async () => {
  const whole = zstd(contents.text);
  for (const cut of [3, 5, 9, whole.length >> 1, whole.length - 5])
    await expect(collect(decompressZstd(inPieces(whole.subarray(0, cut))))).rejects.toMatchObject({
      code: 'ZSTD_error',
    });
  const broken = Buffer.from(whole).fill(0xff, 10, 40);
  await expect(collect(decompressZstd(inPieces(broken)))).rejects.toMatchObject({
    code: 'ZSTD_error',
  });
});
