/** Packing is the reverse of unpacking: whatever lies in a layer's folder, its archive unpacked and packed again is the same bytes. */
import {
  chmodSync,
  closeSync,
  lchownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { setOpaque } from '../../src/image/metadata.ts';
import { packWholeLayer } from '../../src/image/pack-layer.ts';
import { unpack } from '../../src/image/unpack.ts';
import { constants } from '../../src/kernel/ffi.ts';
import { changeTimes, makeNodeAt, openAt, setXattr } from '../../src/kernel/files-at.ts';
import { collect, inPieces } from '../support/blobs.ts';

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'petri-repack-'));
});
afterAll(() => rmSync(scratch, { recursive: true }));

const kinds = [
  'file',
  'folder',
  'opaque',
  'symlink',
  'hardlink',
  'fifo',
  'char',
  'whiteout',
] as const;

/** Bytes of a name; slash, NUL and what means something in a layer are left out. */
const name = fc
  .uint8Array({ minLength: 1, maxLength: 40 })
  .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x61 : byte))))
  .filter(
    (bytes) =>
      !['.', '..'].includes(bytes.toString('latin1')) &&
      !bytes.toString('latin1').startsWith('.wh.'),
  );

const object = fc.record({
  kind: fc.constantFrom(...kinds),
  name,
  /** In which of the folders made before. */
  parent: fc.nat(),
  content: fc.uint8Array({ maxLength: 3000 }),
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: fc.integer({ min: 0, max: 2 ** 32 - 2 }),
  gid: fc.integer({ min: 0, max: 70_000 }),
  seconds: fc.integer({ min: -(2 ** 31), max: 2 ** 33 }),
  nanoseconds: fc.integer({ min: 0, max: 999_999_999 }),
  xattr: fc.option(fc.uint8Array({ minLength: 1, maxLength: 60 })),
});
type Generated = typeof object extends fc.Arbitrary<infer T> ? T : never;

const slash = Buffer.from('/');

/** Makes them one after the other; what cannot be where it is to be is left out. */
function build(root: string, objects: readonly Generated[]): void {
  const folders = [Buffer.from(root)];
  const files: Buffer[] = [];
  for (const one of objects) {
    const parent = folders[one.parent % folders.length] as Buffer;
    const path = Buffer.concat([parent, slash, one.name]);
    try {
      make(one, parent, path, files);
    } catch (error) {
      if (['EEXIST', 'ENAMETOOLONG'].includes((error as NodeJS.ErrnoException).code ?? ''))
        continue;
      throw error;
    }
    if (one.kind === 'folder' || one.kind === 'opaque') folders.push(path);
    if (one.kind === 'file' || one.kind === 'symlink') files.push(path);
    if (one.kind !== 'hardlink' && one.kind !== 'whiteout') describe(one, path);
  }
}

function make(
  { kind, name: own, content }: Generated,
  parent: Buffer,
  path: Buffer,
  files: Buffer[],
): void {
  const [first] = files;
  if (kind === 'file') writeFileSync(path, content, { flag: 'wx' });
  else if (kind === 'symlink') symlinkSync(Buffer.from('/else/where'), path);
  else if (kind === 'hardlink') {
    if (first) linkSync(first, path);
  } else if (kind === 'folder' || kind === 'opaque') mkdirSync(path);
  else {
    const dir = opened(parent);
    const type = kind === 'fifo' ? constants.S_IFIFO : constants.S_IFCHR;
    try {
      makeNodeAt(dir, own, type, kind === 'char' ? 7 : 0, kind === 'char' ? 300 : 0);
    } finally {
      closeSync(dir);
    }
  }
}

/** Owner first, as chown takes rights away; times last. */
function describe(one: Generated, path: Buffer): void {
  lchownSync(path, one.uid, one.gid);
  if (one.kind !== 'symlink') chmodSync(path, one.mode);
  const fd = opened(path);
  try {
    if (one.kind === 'opaque') setOpaque(fd);
    const mayHaveXattr = one.kind === 'file' || one.kind === 'folder' || one.kind === 'opaque';
    if (one.xattr && mayHaveXattr) setXattr(fd, 'user.note', Buffer.from(one.xattr));
    const time = { seconds: one.seconds, nanoseconds: one.nanoseconds };
    changeTimes(fd, time, time);
  } finally {
    closeSync(fd);
  }
}

/** Names are bytes. */
function opened(path: Buffer): number {
  return openAt(constants.AT_FDCWD, path, constants.O_PATH | constants.O_NOFOLLOW, 0, 0);
}

async function packed(folder: string): Promise<Buffer> {
  const fd = openSync(folder, 'r');
  try {
    return await collect(packWholeLayer(fd));
  } finally {
    closeSync(fd);
  }
}

async function unpacked(archive: Buffer): Promise<string> {
  const folder = mkdtempSync(join(scratch, 'to-'));
  const fd = openSync(folder, 'r');
  try {
    await unpack(inPieces(archive), fd);
  } finally {
    closeSync(fd);
  }
  return folder;
}

test('pack(unpack(pack(x))) is pack(x)', async () => {
  const property = fc.asyncProperty(fc.array(object, { maxLength: 25 }), async (objects) => {
    const folder = mkdtempSync(join(scratch, 'from-'));
    build(folder, objects);
    const archive = await packed(folder);
    const again = await unpacked(archive);
    const same = (await packed(again)).equals(archive);
    for (const each of [folder, again]) rmSync(each, { recursive: true });
    expect(same).toBe(true);
  });
  await fc.assert(property, { numRuns: 300 });
});
