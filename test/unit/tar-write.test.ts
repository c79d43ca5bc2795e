/** What the tar writer writes the reader reads back, and GNU tar too. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readTar } from '../../src/image/tar/read.ts';
import { type Writable, writeTar } from '../../src/image/tar/write.ts';

const plain: Writable = {
  path: Buffer.from('a'),
  type: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 0,
  mtime: { seconds: 1_700_000_000, nanoseconds: 0 },
  linkPath: Buffer.alloc(0),
  devMajor: 0,
  devMinor: 0,
  xattrs: new Map(),
};

const withBody = (entry: Partial<Writable>, bytes: Buffer): Writable => ({
  ...plain,
  ...entry,
  size: bytes.length,
  body: async function* () {
    for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
  },
});

async function archiveOf(entries: Iterable<Writable>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  async function* source() {
    yield* entries;
  }
  for await (const chunk of writeTar(source())) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Bytes of a name: anything but NUL and slash, and not a name that means something. */
const name = (max: number) =>
  fc
    .uint8Array({ minLength: 1, maxLength: max })
    .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x61 : byte))));

const path = fc
  .array(name(60), { minLength: 1, maxLength: 5 })
  .map((parts) =>
    Buffer.concat(parts.flatMap((part, i) => (i ? [Buffer.from('/'), part] : [part]))),
  );

const metadata = fc.record({
  path,
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: fc.integer({ min: 0, max: 0xfffffffe }),
  gid: fc.integer({ min: 0, max: 0xfffffffe }),
  mtime: fc.record({
    seconds: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
    nanoseconds: fc.integer({ min: 0, max: 999_999_999 }),
  }),
  xattrs: fc
    .dictionary(
      fc.stringMatching(/^user\.[a-z.]{1,20}$/),
      fc.uint8Array({ maxLength: 300 }).map((value) => Buffer.from(value)),
      { maxKeys: 3 },
    )
    .map((values) => new Map(Object.entries(values))),
});

const entries = fc.array(
  fc.oneof(
    fc
      .tuple(metadata, fc.uint8Array({ maxLength: 5000 }))
      .map(([fields, bytes]) => withBody(fields, Buffer.from(bytes))),
    fc
      .tuple(metadata, fc.constantFrom('link' as const, 'symlink' as const), path)
      .map(([fields, type, linkPath]) => ({ ...plain, ...fields, type, linkPath })),
    fc
      .tuple(metadata, fc.constantFrom('char' as const, 'block' as const), fc.nat(0xfffff))
      .map(([fields, type, devMinor]) => ({ ...plain, ...fields, type, devMajor: 7, devMinor })),
    metadata.map((fields) => ({ ...plain, ...fields, type: 'fifo' as const })),
    metadata.map((fields) => ({ ...plain, ...fields, type: 'directory' as const })),
  ),
  { maxLength: 8 },
);

test('every entry that is written is read back the same', async () => {
  await fc.assert(
    fc.asyncProperty(entries, async (written) => {
      const bytes = await archiveOf(written);
      const expected = written[Symbol.iterator]();
      for await (const { body, ...entry } of readTar(toStream(bytes))) {
        const { body: wanted, ...fields } = expected.next().value as Writable;
        const slash = fields.type === 'directory' ? '/' : '';
        expect(entry).toEqual({
          ...fields,
          path: Buffer.concat([fields.path, Buffer.from(slash)]),
        });
        expect(await joined(body())).toEqual(await joined(wanted?.() ?? []));
      }
      expect(expected.next().done).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test('the same entries give the same bytes, in whole blocks', async () => {
  const twice = [
    await archiveOf([withBody({}, Buffer.from('x'))]),
    await archiveOf([withBody({}, Buffer.from('x'))]),
  ];
  expect(twice[0]).toEqual(twice[1]);
  expect(twice[0]?.length).toBe(512 * 4);
});

test('a body that is not as long as was said is an error', async () => {
  const short = { ...withBody({}, Buffer.from('abc')), size: 4 };
  await expect(archiveOf([short])).rejects.toThrow('its size has changed');
  await expect(archiveOf([{ ...short, size: 2 }])).rejects.toThrow('its size has changed');
});

test('GNU tar lists what is written, with long names, large numbers and times', async () => {
  const long = `${'d'.repeat(90)}/${'n'.repeat(120)}`;
  const bytes = await archiveOf([
    withBody({ path: Buffer.from(long), uid: 3_000_000_000 }, Buffer.from('hello')),
    { ...plain, type: 'directory', path: Buffer.from('dir'), mode: 0o1777 },
    { ...plain, type: 'symlink', path: Buffer.from('l'), linkPath: Buffer.from('t'.repeat(150)) },
    { ...plain, type: 'char', path: Buffer.from('c'), devMajor: 1, devMinor: 3 },
    withBody({ path: Buffer.from('old'), mtime: { seconds: -2, nanoseconds: 0 } }, Buffer.alloc(0)),
  ]);
  const folder = mkdtempSync(join(tmpdir(), 'petri-tar-'));
  try {
    writeFileSync(join(folder, 'a.tar'), bytes);
    const options = ['--numeric-owner', '--full-time', '--utc', '-tvf', join(folder, 'a.tar')];
    const lines = execFileSync('tar', options, { encoding: 'utf8' })
      .replace(/ +/g, ' ')
      .split('\n');
    expect(lines).toEqual([
      `-rw-r--r-- 3000000000/0 5 2023-11-14 22:13:20 ${long}`,
      'drwxrwxrwt 0/0 0 2023-11-14 22:13:20 dir/',
      `lrw-r--r-- 0/0 0 2023-11-14 22:13:20 l -> ${'t'.repeat(150)}`,
      'crw-r--r-- 0/0 1,3 2023-11-14 22:13:20 c',
      '-rw-r--r-- 0/0 0 1969-12-31 23:59:58 old',
      '',
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

async function* toStream(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 700) yield bytes.subarray(at, at + 700);
}

async function joined(chunks: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}
