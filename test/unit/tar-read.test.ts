/** The tar reader: what it understands, what it refuses, and that no bytes make it do anything else. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EngineError, InvalidError } from '../../src/errors/errors.ts';
import { defaultLimits, type TarLimits } from '../../src/image/tar/limits.ts';
import { readTar, type TarEntry } from '../../src/image/tar/read.ts';
import { archive, chunks, entry, pax, withPax } from './tar-archive.ts';

type Listed = Omit<TarEntry, 'body'> & { content: string };

async function list(bytes: Buffer, chunkSize?: number, limits?: TarLimits): Promise<Listed[]> {
  const listed: Listed[] = [];
  for await (const { body, ...rest } of readTar(chunks(bytes, chunkSize), limits)) {
    const parts: Buffer[] = [];
    for await (const part of body()) parts.push(Buffer.from(part));
    listed.push({ ...rest, content: Buffer.concat(parts).toString() });
  }
  return listed;
}

const gnu = 'ustar  \0';
const base256 = (value: bigint, length = 12) => {
  const field = Buffer.alloc(length);
  field.writeBigInt64BE(value, length - 8);
  field.fill(value < 0n ? 0xff : 0, 0, length - 8);
  field[0] = (field[0] ?? 0) | 0x80;
  return field;
};

describe('reads', () => {
  test('all types of entries with their fields', async () => {
    const bytes = archive(
      entry({ name: 'd/', type: '5', mode: 0o1777, uid: 1, gid: 2 }),
      entry({ name: 'd/f', mode: 0o4755, body: 'hello', mtime: 12 }),
      entry({ name: 's', type: '2', linkName: '/d/f' }),
      entry({ name: 'l', type: '1', linkName: 'd/f' }),
      entry({ name: 'c', type: '3', devMajor: 1, devMinor: 3 }),
      entry({ name: 'b', type: '4', devMajor: 7, devMinor: 1 }),
      entry({ name: 'p', type: '6' }),
    );
    const entries = await list(bytes);
    expect(entries.map(({ path, type }) => `${path} ${type}`)).toEqual([
      'd/ directory',
      'd/f file',
      's symlink',
      'l link',
      'c char',
      'b block',
      'p fifo',
    ]);
    expect(entries[0]).toMatchObject({ mode: 0o1777, uid: 1, gid: 2 });
    expect(entries[1]).toMatchObject({ mode: 0o4755, size: 5, content: 'hello' });
    expect(entries[1]?.mtime).toEqual({ seconds: 12, nanoseconds: 0 });
    expect(String(entries[2]?.linkPath)).toBe('/d/f');
    expect(entries[4]).toMatchObject({ devMajor: 1, devMinor: 3 });
  });

  test('the same whatever the chunks are', async () => {
    const bytes = archive(
      withPax({ path: 'long' }, { name: 'x', body: 'a'.repeat(1300) }),
      entry({ name: 'y', body: 'b' }),
    );
    const whole = await list(bytes, bytes.length);
    for (const size of [1, 7, 511, 512, 513, 1024]) expect(await list(bytes, size)).toEqual(whole);
  });

  test('pax records, for the next file alone', async () => {
    const value = Buffer.from([1, 0, 0xff, 0x0a]);
    const [first, second] = await list(
      archive(
        withPax(
          {
            path: 'a/b',
            size: '3',
            uid: '3000000',
            gid: '7',
            mtime: '1.25',
            'SCHILY.xattr.user.x': value,
          },
          { name: 'n', size: 3, body: 'abc' },
        ),
        entry({ name: 'm', uid: 5 }),
      ),
    );
    expect(first).toMatchObject({ size: 3, uid: 3000000, gid: 7, content: 'abc' });
    expect(String(first?.path)).toBe('a/b');
    expect(first?.mtime).toEqual({ seconds: 1, nanoseconds: 250_000_000 });
    expect(first?.xattrs).toEqual(new Map([['user.x', value]]));
    expect(second).toMatchObject({ uid: 5, xattrs: new Map() });
    expect(String(second?.path)).toBe('m');
  });

  test('a pax header before a GNU long name belongs to the file, and pax wins', async () => {
    const long = entry({ name: '././@LongLink', type: 'L', magic: gnu, body: 'gnu\0' });
    const [first, second] = await list(
      archive(pax({ path: 'pax' }), long, entry({ name: 'x' }), long, entry({ name: 'y' })),
    );
    expect([String(first?.path), String(second?.path)]).toEqual(['pax', 'gnu']);
  });

  test('names that are not UTF-8, prefixes, long GNU names and links', async () => {
    const raw = Buffer.from([0x61, 0xff, 0xfe]);
    const entries = await list(
      archive(
        entry({ name: raw }),
        entry({ name: 'file', prefix: 'folder' }),
        entry({ name: 'file', prefix: 'times', magic: gnu }),
        entry({ name: 'L', type: 'L', body: `${'n'.repeat(300)}\0` }),
        entry({ name: 'K', type: 'K', body: `${'t'.repeat(300)}\0` }),
        entry({ name: 'short', type: '2', linkName: 'short' }),
      ),
    );
    expect(entries[0]?.path).toEqual(raw);
    expect(String(entries[1]?.path)).toBe('folder/file');
    expect(String(entries[2]?.path)).toBe('file');
    expect([entries[3]?.path.length, entries[3]?.linkPath.length]).toEqual([300, 300]);
  });

  test('base-256 numbers, and times before 1970', async () => {
    const entries = await list(
      archive(
        entry({ name: 'a', mtime: base256(-5n), size: base256(3n), body: 'abc' }),
        withPax({ mtime: '-1.5' }, { name: 'b' }),
      ),
    );
    expect(entries[0]).toMatchObject({ content: 'abc', mtime: { seconds: -5, nanoseconds: 0 } });
    expect(entries[1]?.mtime).toEqual({ seconds: -2, nanoseconds: 500_000_000 });
  });

  test('a V7 directory: a file whose name ends in a slash', async () => {
    const [first] = await list(archive(entry({ name: 'd/', type: '\0', magic: '' })));
    expect(first?.type).toBe('directory');
  });

  test('what follows the end, as nothing', async () => {
    const bytes = Buffer.concat([archive(entry({ name: 'a' })), entry({ name: 'hidden' })]);
    expect(await list(bytes)).toHaveLength(1);
  });

  test('git’s global header: a comment', async () => {
    expect(await list(archive(pax({ comment: 'abc' }, 'g'), entry({ name: 'a' })))).toHaveLength(1);
  });
});

describe('refuses', () => {
  const a = entry({ name: 'a' });
  const paxRaw = (body: string) => entry({ name: 'p', type: 'x', body });
  test.each<[string, Buffer, RegExp]>([
    ['an empty stream', Buffer.alloc(0), /ends early, after 0 bytes/],
    ['no end', a, /ends early/],
    ['a lone block of zeros', Buffer.concat([Buffer.alloc(512), a]), /lone block of zeros/],
    ['a wrong checksum', archive(entry({ name: 'a', checksum: '0000000\0' })), /checksum/],
    ['text', Buffer.alloc(2048, 'hello '), /header field checksum|wrong header checksum/],
    ['a negative size', archive(entry({ name: 'a', size: base256(-1n) })), /field size/],
    ['a size with a sign', archive(entry({ name: 'a', size: '-0000000001' })), /field size/],
    ['a size that is no octal', archive(entry({ name: 'a', size: '00000000008' })), /field size/],
    ['a size with digits after blanks', archive(entry({ name: 'a', size: '1 2' })), /field size/],
    ['a huge size', archive(entry({ name: 'a', size: base256(2n ** 62n) })), /field size/],
    [
      'a size beyond the limit',
      archive(entry({ name: 'a', size: base256(2n ** 50n) })),
      /archiveBytes/,
    ],
    ['a negative uid', archive(entry({ name: 'a', uid: '-1' })), /field uid/],
    ['uid -1 in 32 bits', archive(withPax({ uid: '4294967295' }, { name: 'a' })), /beyond 32 bits/],
    ['a directory with a size', archive(entry({ name: 'd', type: '5', body: 'x' })), /has a size/],
    ['a link with a size', archive(entry({ name: 'd', type: '1', body: 'x' })), /has a size/],
    ['a contiguous file named as a folder', archive(entry({ name: 'd/', type: '7' })), /by name/],
    [
      'a sparse file of a form that nobody writes',
      archive(withPax({ 'GNU.sparse.major': '2' }, { name: 'a' })),
      /sparse file: its form 2\.1/,
    ],
    [
      'a sparse file whose parts overlap',
      archive(withPax(holes('0,3,2,3'), { name: 'a' })),
      /overlap/,
    ],
    [
      'a sparse file that reaches beyond its end',
      archive(withPax(holes('8,2'), { name: 'a' })),
      /beyond its end/,
    ],
    [
      'a sparse file without the bytes its map speaks of',
      archive(withPax(holes('0,3'), { name: 'a' })),
      /speaks of 3 bytes, there are 0/,
    ],
    [
      'a sparse file of fewer parts than it says',
      archive(withPax({ ...holes('0,3'), 'GNU.sparse.numblocks': '2' }, { name: 'a' })),
      /not as many parts/,
    ],
    [
      'a pax map of holes in a header without magic',
      archive(withPax(holes('0,0'), { name: 'a', magic: '' })),
      /map of holes for the type 0 in a header of v7/,
    ],
    [
      'the type of a sparse file in a header that is not GNU tar’s',
      archive(entry({ name: 'a', type: 'S' })),
      /map of holes for the type S in a header of ustar/,
    ],
    [
      'a map of holes in GNU tar’s header of a file without any',
      archive(entry({ name: 'a', magic: 'ustar  \0', prefix: `${'\0'.repeat(41)}0` })),
      /map of holes for the type 0 in a header of gnu/,
    ],
    ['a magic that is almost right', archive(entry({ name: 'a', magic: 'ustar\x01' })), /magic/],
    ['a size that NUL begins', archive(entry({ name: 'a', size: '\x000000000001' })), /field size/],
    ['an entry without a name', archive(entry({ name: '' })), /has no name/],
    ['a hard link to nothing', archive(entry({ name: 'a', type: '1' })), /is a link to nothing/],
    [
      'a sparse file without end',
      archive(
        withPax({ 'GNU.sparse.size': '999999999999999', 'GNU.sparse.map': '' }, { name: 'a' }),
      ),
      /no number|odd number|archiveBytes/,
    ],
    ['an unknown type', archive(entry({ name: 's', type: 'Z' })), /unsupported type "Z"/],
    [
      'two pax headers',
      archive(pax({ path: 'x' }), pax({ path: 'y' }), a),
      /two headers of type x/,
    ],
    ['a pax header for nothing', archive(pax({ path: 'x' })), /belongs to no entry/],
    ['a pax key twice', archive(paxRaw('8 uid=1\n8 uid=2\n'), a), /comes twice/],
    ['a pax length beyond', archive(paxRaw('99 uid=1\n'), a), /wrong length/],
    ['a pax length of zero', archive(paxRaw('0 uid=1\n'), a), /wrong length/],
    ['a pax record without newline', archive(paxRaw('7 uid=1'), a), /wrong length/],
    ['a pax record without key', archive(paxRaw('5 =1\n'), a), /no key/],
    [
      'a negative pax size',
      archive(withPax({ size: '-1' }, { name: 'a' })),
      /size is not a number/,
    ],
    [
      'a pax size of junk',
      archive(withPax({ size: '1e3' }, { name: 'a' })),
      /size is not a number/,
    ],
    [
      'a GNU name with NUL',
      archive(entry({ name: 'L', type: 'L', body: 'a\0b\0' }), a),
      /NUL is not its end/,
    ],
    [
      'a GNU name without NUL',
      archive(entry({ name: 'L', type: 'L', body: 'a' }), a),
      /NUL is not its end/,
    ],
    ['an empty GNU name', archive(entry({ name: 'L', type: 'L', body: '\0' }), a), /is empty/],
    ['a pax path with NUL', archive(withPax({ path: 'a\0b' }, { name: 'a' })), /contains NUL/],
    ['an empty pax path', archive(withPax({ path: '' }, { name: 'a' })), /is empty/],
    ['a pax mtime of junk', archive(withPax({ mtime: 'now' }, { name: 'a' })), /mtime/],
    ['a global path', archive(pax({ path: 'x' }, 'g'), a), /global pax header/],
    ['a global size', archive(pax({ size: '0' }, 'g'), a), /global pax header/],
  ])('%s', async (_what, bytes, message) => {
    await expect(list(bytes)).rejects.toThrow(InvalidError);
    await expect(list(bytes)).rejects.toThrow(message);
  });

  test('an archive that is cut anywhere', async () => {
    const bytes = archive(
      withPax({ path: 'x' }, { name: 'a', body: 'b'.repeat(700) }),
      entry({ name: 'c', body: 'd' }),
    );
    const end = bytes.length - 512;
    for (let length = 0; length < end; length += 37)
      await expect(list(bytes.subarray(0, length))).rejects.toThrow(/ends early/);
  });

  test.each<[keyof TarLimits, number, Buffer]>([
    ['archiveBytes', 2000, archive(entry({ name: 'a' }), entry({ name: 'b', body: 'x' }))],
    ['entries', 1, archive(entry({ name: 'a' }), entry({ name: 'b' }))],
    ['headerBytes', 100, archive(withPax({ comment: 'x'.repeat(200) }, { name: 'a' }))],
    ['pathBytes', 100, archive(withPax({ path: 'x'.repeat(200) }, { name: 'a' }))],
    ['pathBytes', 100, archive(withPax({ linkpath: 'x'.repeat(200) }, { name: 'a', type: '2' }))],
  ])('what exceeds the limit %s, naming it', async (limit, value, bytes) => {
    const limits = { ...defaultLimits, [limit]: value };
    await expect(list(bytes, 512, limits)).rejects.toThrow(`exceeds the limit ${limit} = ${value}`);
  });

  test('an endless tail', async () => {
    async function* endless() {
      yield archive(entry({ name: 'a' }));
      for (;;) yield Buffer.alloc(65536);
    }
    const read = async () => {
      for await (const _ of readTar(endless(), { ...defaultLimits, archiveBytes: 10 ** 7 }));
    };
    await expect(read()).rejects.toThrow('exceeds the limit archiveBytes');
  });
});

describe('whatever the bytes', () => {
  const sane = archive(
    withPax({ path: 'p', 'SCHILY.xattr.user.a': 'v' }, { name: 'a', body: 'hello' }),
    entry({ name: 'L', type: 'L', body: 'long\0' }),
    entry({ name: 'd', type: '5' }),
  );

  test('lists or says what is invalid, after any mutation', async () => {
    const mutation = fc.record({ at: fc.nat(sane.length - 1), byte: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 6 }), async (mutations) => {
        const bytes = Buffer.from(sane);
        for (const { at, byte } of mutations) bytes[at] = byte;
        await listOrRefuse(bytes);
      }),
      { numRuns: 500 },
    );
  });

  test('lists or says what is invalid, of noise', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2048 }), (bytes) =>
        listOrRefuse(Buffer.from(bytes)),
      ),
      { numRuns: 300 },
    );
  });

  async function listOrRefuse(bytes: Buffer): Promise<void> {
    try {
      await list(bytes);
    } catch (error) {
      expect(error).toBeInstanceOf(EngineError);
    }
  }
});

/** Of a sparse file of nine bytes. */
function holes(map: string): Record<string, string> {
  const parts = String(map.split(',').length / 2);
  return { 'GNU.sparse.size': '9', 'GNU.sparse.numblocks': parts, 'GNU.sparse.map': map };
}
