/**
 * Archives that two readers see differently hide something from one of them. Of thousands of altered archives, each
 * one that we read is listed by GNU tar and by bsdtar just as we list it. PETRI_TAR_RUNS sets how many, PETRI_TAR_SEED
 * repeats a run.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvalidError } from '../../src/errors/errors.ts';
import { readTar } from '../../src/image/tar/read.ts';
import { archive, chunks, entry, withPax } from './tar-archive.ts';
import { bsdListing, gnuListing, lineOf } from './tar-listings.ts';

const gnu = 'ustar  \0';
const plain = archive(
  withPax({ path: 'p/q', size: '5', mtime: '7.5' }, { name: 'a', body: 'hello' }),
  entry({ name: 'L', type: 'L', body: 'long-name\0', magic: gnu }),
  entry({ name: 'short', body: 'x'.repeat(600), magic: gnu }),
  entry({ name: 'd/', type: '5' }),
  entry({ name: 's', type: '2', linkName: 'd/x' }),
  entry({ name: 'h', type: '1', linkName: 'p/q' }),
  entry({ name: 'last', prefix: 'pre', body: 'end' }),
);

/** With holes, in GNU tar's three forms; what follows them shows where a reader believes that they end. */
function sparse(...flags: string[]): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'petri-differential-'));
  try {
    for (const name of ['holes', 'last']) {
      writeFileSync(join(folder, name), name);
      truncateSync(join(folder, name), name === 'holes' ? 70_000 : 4);
    }
    writeFileSync(join(folder, 'holes'), 'end', { flag: 'a' });
    const owner = ['--numeric-owner', '--owner=0', '--group=0', '--mtime=@1000000000'];
    return execFileSync('tar', ['-S', '-C', folder, ...owner, ...flags, '-cf-', 'holes', 'last']);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The fields that decide what is listed: name, size, type, link, magic, prefix, and the body after it. */
const spans = [
  [0, 8],
  [124, 136],
  [156, 157],
  [157, 161],
  [257, 265],
  [345, 350],
  [512, 560],
] as const;

/** And the map of holes in the header, or behind it; pax has it in its records. */
const sparseSpans = [[386, 500], [512, 640], ...spans] as const;

const corpus: [name: string, bytes: Buffer, fields: typeof spans | typeof sparseSpans][] = [
  ['plain', plain, spans],
  ['sparse, in the old form', sparse('--format=gnu'), sparseSpans],
  ['sparse, pax 0.1', sparse('--format=pax', '--sparse-version=0.1'), sparseSpans],
  ['sparse, pax 1.0', sparse('--format=pax', '--sparse-version=1.0'), sparseSpans],
];

/** Where every header of an archive begins. */
function headersOf(bytes: Buffer): number[] {
  const blocks = Array.from({ length: bytes.length / 512 }, (_, i) => i * 512);
  return blocks.filter((at) => bytes.toString('latin1', at + 257, at + 262) === 'ustar');
}

function mutationOf(bytes: Buffer, fields: (typeof corpus)[number][2]) {
  return fc
    .tuple(fc.constantFrom(...headersOf(bytes)), fc.constantFrom(...fields), fc.nat(127))
    .map(([header, [from, to], i]) => Math.min(header + from + (i % (to - from)), bytes.length - 1))
    .chain((at) => fc.record({ at: fc.constant(at), byte: interestingByte() }));
}

function interestingByte() {
  return fc.oneof(
    fc.nat(255),
    fc.constantFrom(0, 0x0a, 0x20, 0x2c, 0x2f, 0x30, 0x31, 0x37, 0x39, 0x78, 0x80, 0xff),
  );
}

const readers = [
  ['GNU tar', gnuListing],
  ['bsdtar', bsdListing],
] as const;
const isHere = (program: string) => spawnSync(program, ['--version']).status === 0;

const runs = Number(process.env.PETRI_TAR_RUNS ?? 300);
const seed = process.env.PETRI_TAR_SEED;

describe.skipIf(!isHere('bsdtar')).each(corpus)('%s', (_name, original, fields) => {
  const mutation = mutationOf(original, fields);
  test('as it is, it is listed by all alike', async () => {
    const ours = await listing(original);
    expect(ours?.length).toBeGreaterThan(1);
    for (const [, theirs] of readers) expect(theirs(original)).toEqual(ours);
  });
  test('every altered archive is refused, or listed as the others list it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), async (mutations) => {
        const bytes = Buffer.from(original);
        for (const { at, byte } of mutations) bytes[at] = byte;
        for (const at of headersOf(original)) repairChecksum(bytes, at);
        const ours = await listing(bytes);
        if (!ours) return;
        for (const [name, theirs] of readers)
          expect({ [name]: theirs(bytes) }).toEqual({ [name]: ours });
      }),
      { numRuns: Math.ceil(runs / corpus.length), ...(seed && { seed: Number(seed) }) },
    );
  }, 3_600_000);
});

/** `type size name` of each entry; undefined when we refuse the archive, or cannot compare it. */
async function listing(bytes: Buffer): Promise<string[] | undefined> {
  const lines: string[] = [];
  try {
    let isComparable = true;
    for await (const { type, size, path, linkPath } of readTar(chunks(bytes))) {
      lines.push(lineOf(type, size, path.toString('latin1')));
      isComparable &&= isPrintable(path) && isPrintable(linkPath);
    }
    return isComparable ? lines : undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidError);
    return undefined;
  }
}

/** Names with line breaks or arrows cannot be read back from a listing. */
function isPrintable(name: Buffer): boolean {
  const text = name.toString('latin1');
  return /^[\x20-\x7e]*$/.test(text) && !/->|link to/.test(text);
}

function repairChecksum(bytes: Buffer, at: number): void {
  let sum = 8 * 0x20;
  for (let i = 0; i < 512; i++) if (i < 148 || i >= 156) sum += bytes[at + i] ?? 0;
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1');
}
