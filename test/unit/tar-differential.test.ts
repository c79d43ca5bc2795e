/**
 * Archives that two readers see differently hide something from one of them. Of thousands of altered
 * archives, each one that we read is listed by GNU tar just as we list it.
 */
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InvalidError } from '../../src/errors/errors.ts';
import { readTar } from '../../src/image/tar/read.ts';
import { archive, chunks, entry, withPax } from './tar-archive.ts';

const gnu = 'ustar  \0';
const sane = archive(
  withPax({ path: 'p/q', size: '5', mtime: '7.5' }, { name: 'a', body: 'hello' }),
  entry({ name: 'L', type: 'L', body: 'long-name\0', magic: gnu }),
  entry({ name: 'short', body: 'x'.repeat(600), magic: gnu }),
  entry({ name: 'd/', type: '5' }),
  entry({ name: 's', type: '2', linkName: 'd/x' }),
  entry({ name: 'h', type: '1', linkName: 'p/q' }),
  entry({ name: 'last', prefix: 'pre', body: 'end' }),
);

/** Where every header of `sane` begins. */
const headers = Array.from({ length: sane.length / 512 }, (_, i) => i * 512).filter(
  (at) => sane.toString('latin1', at + 257, at + 262) === 'ustar',
);

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

const mutation = fc
  .tuple(fc.constantFrom(...headers), fc.constantFrom(...spans), fc.nat(47))
  .map(([header, [from, to], i]) => Math.min(header + from + (i % (to - from)), sane.length - 1))
  .chain((at) => fc.record({ at: fc.constant(at), byte: interestingByte() }));

function interestingByte() {
  return fc.oneof(fc.nat(255), fc.constantFrom(0, 0x20, 0x2f, 0x30, 0x37, 0x78, 0x80, 0xff));
}

test('every altered archive is refused, or listed as GNU tar lists it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), async (mutations) => {
      const bytes = Buffer.from(sane);
      for (const { at, byte } of mutations) bytes[at] = byte;
      for (const at of headers) repairChecksum(bytes, at);
      const ours = await listing(bytes);
      if (ours) expect(ours).toEqual(gnuListing(bytes));
    }),
    { numRuns: Number(process.env.PETRI_TAR_RUNS ?? 300) },
  );
}, 600_000);

/** `type size name` of each entry; undefined when we refuse the archive, or cannot compare it. */
async function listing(bytes: Buffer): Promise<string[] | undefined> {
  const lines: string[] = [];
  try {
    let isComparable = true;
    for await (const { type, size, path, linkPath } of readTar(chunks(bytes))) {
      lines.push(`${type} ${size} ${path.toString('latin1')}`);
      isComparable &&= isPrintable(path) && isPrintable(linkPath);
    }
    return isComparable ? lines : undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidError);
    return undefined;
  }
}

const kinds: Record<string, string> = {
  '-': 'file',
  C: 'file',
  h: 'link',
  l: 'symlink',
  c: 'char',
  b: 'block',
  d: 'directory',
  p: 'fifo',
};

/** Lines such as `-rw-r--r-- 0/0  5 1970-01-01 00:00 name`; a device has `1,3` for its size. */
function gnuListing(bytes: Buffer): string[] {
  const options = ['-tvP', '--numeric-owner', '--quoting-style=literal'];
  const { stdout } = spawnSync('tar', options, {
    input: bytes,
    env: { LC_ALL: 'C', PATH: process.env.PATH },
  });
  return stdout
    .toString('latin1')
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const match = /^(.)\S+ +\S+ +(\S+) +\S+ +\S+ (.*)$/.exec(line);
      const kind = kinds[match?.[1] ?? ''] ?? line;
      const name = match?.[3]?.replace(kind === 'symlink' ? / -> .*$/ : / link to .*$/, '');
      return `${kind} ${match?.[2]?.includes(',') ? 0 : match?.[2]} ${name}`;
    });
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
