/**
 * Hostile layers, unpacked as root beside canaries: outside the image nothing is read, made, changed or
 * removed. The attacks that a defence stops alone are shown to get through when it is off.
 */

import {
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { InvalidError } from '../../src/errors/errors.ts';
import { defaultLimits } from '../../src/image/tar/limits.ts';
import { strictRules, type UnpackRules, unpack } from '../../src/image/unpack.ts';
import { constants } from '../../src/kernel/ffi.ts';
import { openAt } from '../../src/kernel/files-at.ts';
import { archive, chunks, entry, pax, withPax } from '../unit/tar-archive.ts';
import { attributes } from './image-attributes.ts';

let scratch: string;
let image: string;
let before: string[];

/** outside/ holds the canaries, image/ the layer: `../outside/file` leads from one to the other. */
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'petri-image-hostile-'));
  image = join(scratch, 'image');
  mkdirSync(image);
  mkdirSync(join(scratch, 'outside', 'dir'), { recursive: true });
  writeFileSync(join(scratch, 'outside', 'file'), 'canary', { mode: 0o600 });
  writeFileSync(join(scratch, 'outside', 'dir', 'inner'), 'canary', { mode: 0o600 });
  before = census();
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

/** Everything outside the image that an attack could have changed, but for times of reading. */
function census(): string[] {
  const paths = ['.', 'outside', 'outside/file', 'outside/dir', 'outside/dir/inner'];
  const names = [
    ...readdirSync(scratch),
    ...readdirSync(join(scratch, 'outside'), { recursive: true }),
  ];
  return [
    ...names.map(String).sort(),
    ...paths.map((path) => {
      const stat = lstatSync(join(scratch, path), { bigint: true });
      return [path, stat.mode, stat.uid, stat.gid, stat.nlink, stat.mtimeNs, stat.size].join(' ');
    }),
    readFileSync(join(scratch, 'outside/file'), 'utf8'),
    readFileSync(join(scratch, 'outside/dir/inner'), 'utf8'),
  ];
}

async function unpackHere(bytes: Buffer, rules?: UnpackRules, limits = defaultLimits) {
  const root = openSync(image, 'r');
  try {
    return await unpack(chunks(bytes), root, limits, rules);
  } finally {
    closeSync(root);
  }
}

const out = '../outside';
const dir = (name: string, more = {}) => entry({ name, type: '5', mode: 0o755, ...more });
const symlink = (name: string, linkName: string) => entry({ name, type: '2', linkName });
const hardLink = (name: string, linkName: string) => entry({ name, type: '1', linkName });
const file = (name: string, body = 'evil', more = {}) => entry({ name, body, ...more });

describe('a hostile layer is refused and changes nothing outside', () => {
  const noClimb = /climbs out of the image by \.\./;
  const noLink = /leads through a symbolic link/;
  test.each<[string, () => Buffer[], RegExp]>([
    ['..', () => [file(`${out}/file`)], noClimb],
    ['.. in the middle', () => [dir('a'), file(`a/../${out}/file`)], noClimb],
    ['.. at the end', () => [dir('a/..')], noClimb],
    ['.. by pax', () => [withPax({ path: `${out}/file` }, { name: 'x', body: 'evil' })], noClimb],
    [
      '.. by a GNU name',
      () => [entry({ name: 'L', type: 'L', body: `${out}/file\0` }), file('x')],
      noClimb,
    ],
    ['.. by the prefix field', () => [file('file', 'evil', { prefix: out })], noClimb],
    ['/.. after an absolute start', () => [file(`/${out}/file`)], noClimb],
    ['a file through a link to a folder', () => [symlink('l', out), file('l/file')], noLink],
    [
      'a file through an absolute link',
      () => [symlink('l', join(scratch, 'outside')), file('l/file')],
      noLink,
    ],
    ['a folder through a link', () => [symlink('l', out), dir('l/new')], noLink],
    ['a link through a link', () => [symlink('l', out), symlink('l/s', 'x')], noLink],
    [
      'a deep path through a link',
      () => [dir('a'), symlink('a/l', `../${out}`), file('a/l/dir/inner')],
      noLink,
    ],
    ['missing folders through a link', () => [symlink('l', out), file('l/new/deep/file')], noLink],
    [
      'through a chain of links',
      () => [symlink('a', 'b'), symlink('b', out), file('a/file')],
      noLink,
    ],
    ['through /proc/self/root', () => [symlink('p', '/proc/self/root'), file('p/tmp/x')], noLink],
    ['through /proc/self/cwd', () => [symlink('p', '/proc/self/cwd'), file('p/x')], noLink],
    [
      'a folder replaced by a link',
      () => [dir('d'), file('d/a'), symlink('d', out), file('d/file')],
      noLink,
    ],
    ['a hard link by ..', () => [hardLink('h', `${out}/file`), file('h')], noClimb],
    [
      'a hard link through a link',
      () => [symlink('l', out), hardLink('h', 'l/file')],
      /through something that is no directory/,
    ],
    [
      'a hard link by its full path',
      () => [hardLink('h', join(scratch, 'outside/file'))],
      /did not bring/,
    ],
    ['a hard link to a folder', () => [dir('d'), hardLink('h', 'd')], /link to a directory/],
    [
      'a hard link to its own parent',
      () => [dir('d'), hardLink('d/h', 'd')],
      /link to a directory/,
    ],
    ['a hard link to the root', () => [hardLink('h', '.')], /link to no file/],
    ['a hard link to a whiteout', () => [file('.wh.w'), hardLink('h', 'w')], /links to a whiteout/],
    ['a hard link named as one', () => [file('f'), hardLink('h', '.wh.f')], /link to no file/],
    ['a whiteout through a link', () => [symlink('l', out), file('l/.wh.file')], noLink],
    [
      'an opaque mark through a link',
      () => [symlink('l', `${out}/dir`), file('l/.wh..wh..opq')],
      noLink,
    ],
    ['a whiteout of nothing', () => [file('.wh.')], /no whiteout of a plain name/],
    ['a whiteout of .', () => [dir('d'), file('d/.wh..')], /no whiteout of a plain name/],
    ['a whiteout of ..', () => [dir('d'), file('d/.wh...')], /no whiteout of a plain name/],
    ['beneath a whiteout', () => [file('.wh.x/y')], /beneath the whiteout/],
    ['beneath a file', () => [file('f'), file('f/g')], /no directory/],
    ['the root as a file', () => [file('/')], /has a size|replace the root/],
    ['the root as a link', () => [symlink('./', out)], /replace the root/],
    ['an empty link', () => [symlink('l', '')], /link to nothing/],
    ['an empty name', () => [file('')], /no name/],
    ['a name of 300 bytes', () => [withPax({ path: 'n'.repeat(300) }, { name: 'x' })], /too long/],
    [
      'a path beyond the limit',
      () => [withPax({ path: 'n/'.repeat(4000) }, { name: 'x' })],
      /pathBytes = 4096/,
    ],
    [
      'a depth beyond the limit',
      () => [withPax({ path: 'n/'.repeat(1000) }, { name: 'x' })],
      /pathDepth = 512/,
    ],
    [
      'a pax size above the header’s',
      () => [withPax({ size: '9000' }, { name: 'x', body: 'y' })],
      /ends early/,
    ],
    [
      'a pax size below the header’s',
      () => [withPax({ size: '0' }, { name: 'x', body: 'y'.repeat(600) }), file('z')],
      /header field|checksum/,
    ],
    [
      'a second path hidden by a pax pair',
      () => [pax({ path: 'a' }), pax({ path: `${out}/file` }), file('x')],
      /two headers/,
    ],
    [
      'a broken capability',
      () => [withPax({ 'SCHILY.xattr.security.capability': 'x' }, { name: 'f' })],
      /does not take/,
    ],
    ['a truncated file', () => [file('x').subarray(0, 514)], /./],
  ])('%s', async (_what, entries, message) => {
    const refusal = await unpackHere(archive(...entries())).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(InvalidError);
    expect((refusal as Error).message).toMatch(message);
    expectOutsideUntouched();
  });
});

describe('a layer that looks odd is unpacked inside', () => {
  test.each<[string, () => Buffer[], (path: (name: string) => string) => void]>([
    [
      'an absolute name',
      () => [file('/etc/passwd')],
      (path) => expect(readFileSync(path('etc/passwd'), 'utf8')).toBe('evil'),
    ],
    [
      'a link replaced by a file',
      () => [symlink('l', `${out}/file`), file('l')],
      (path) => expect(readFileSync(path('l'), 'utf8')).toBe('evil'),
    ],
    [
      'a link replaced by a folder of the same name',
      () => [symlink('l', `${out}/dir`), dir('l', { mode: 0o777, uid: 7 }), file('l/inner')],
      (path) => expect(readFileSync(path('l/inner'), 'utf8')).toBe('evil'),
    ],
    [
      'a folder whose time is set after a link took its place',
      () => [dir('d', { mtime: 1 }), symlink('d', out)],
      (path) => expect(readlinkSync(path('d'))).toBe(out),
    ],
    [
      'a hard link to a link',
      () => [symlink('l', `${out}/file`), hardLink('h', 'l')],
      (path) => expect(readlinkSync(path('h'))).toBe(`${out}/file`),
    ],
    [
      'a link with owner, mode and attributes',
      () => [
        withPax(
          { uid: '7', 'SCHILY.xattr.user.a': 'b' },
          { name: 'l', type: '2', linkName: `${out}/file`, mode: 0o777 },
        ),
      ],
      (path) => expect(lstatSync(path('l')).uid).toBe(7),
    ],
    [
      'a hard link to itself',
      () => [file('f'), hardLink('f', 'f')],
      (path) => expect(readFileSync(path('f'), 'utf8')).toBe('evil'),
    ],
    [
      'a 0:0 device: nothing',
      () => [entry({ name: 'w', type: '3', devMajor: 0, devMinor: 0 })],
      (path) => expect(() => lstatSync(path('w'))).toThrow(/ENOENT/),
    ],
    [
      'overlay’s and the host’s attributes: dropped',
      () => [
        withPax(
          {
            'SCHILY.xattr.trusted.overlay.redirect': '/x',
            'SCHILY.xattr.trusted.overlay.opaque': 'y',
            'SCHILY.xattr.user.overlay.opaque': 'y',
            'SCHILY.xattr.security.selinux': 'x',
          },
          { name: 'd', type: '5' },
        ),
      ],
      (path) => expect(attributes(path('d'))).toEqual([]),
    ],
    [
      'an old driver’s marks: nothing',
      () => [file('.wh..wh.plnk/x'), file('.wh..wh.aufs')],
      () => expect(readdirSync(image)).toEqual([]),
    ],
  ])('%s', async (_what, entries, check) => {
    await unpackHere(archive(...entries()));
    check((name) => join(image, name));
    expectOutsideUntouched();
  });

  test('a file of the layer is not written through a hard link that was there before', async () => {
    linkSync(join(scratch, 'outside/file'), join(image, 'f'));
    before = census();
    await unpackHere(archive(file('f')));
    expect(readFileSync(join(scratch, 'outside/file'), 'utf8')).toBe('canary');
  });
});

describe('with a defence off, its attack gets through', () => {
  const { O_DIRECTORY, O_NOFOLLOW } = constants;
  /** Folders are opened as by open(2): through links, and out by `..`. */
  const following: UnpackRules = {
    ...strictRules,
    open: (from, path, flags, mode = 0) =>
      openAt(from, path, flags & O_DIRECTORY ? flags & ~O_NOFOLLOW : flags, mode, 0),
  };
  /** And so is what metadata is applied to. */
  const followingLast: UnpackRules = {
    ...strictRules,
    open: (from, path, flags, mode = 0) => openAt(from, path, flags & ~O_NOFOLLOW, mode, 0),
  };
  const climbing: UnpackRules = {
    ...following,
    components: (path) =>
      path
        .toString()
        .split('/')
        .map((part) => Buffer.from(part)),
  };
  const hidingAnything: UnpackRules = {
    ...following,
    open: (from, path, flags, mode = 0) => openAt(from, path, flags, mode, 0),
    meaningOf: (name) => ({ kind: 'whiteout', name: name.subarray(4) }),
  };
  const outside = (name: string) => join(scratch, 'outside', name);
  const links = (name: string) => lstatSync(outside(name)).nlink;

  test.each<[string, UnpackRules, () => Buffer[], () => boolean]>([
    ['a file by ..', climbing, () => [file(`${out}/new`)], () => existsSync(outside('new'))],
    ['a hard link by ..', climbing, () => [hardLink('h', `${out}/file`)], () => links('file') > 1],
    [
      'a file through a link',
      following,
      () => [symlink('l', out), file('l/new')],
      () => existsSync(outside('new')),
    ],
    [
      'an overwritten file',
      following,
      () => [symlink('l', out), file('l/file')],
      () => readFileSync(outside('file'), 'utf8') === 'evil',
    ],
    [
      'a hard link through a link',
      following,
      () => [symlink('l', out), hardLink('h', 'l/file')],
      () => links('file') > 1,
    ],
    [
      'a whiteout through a link',
      following,
      () => [symlink('l', out), file('l/.wh.new')],
      () => existsSync(outside('new')),
    ],
    [
      'an opaque mark through a link',
      following,
      () => [symlink('l', `${out}/dir`), file('l/.wh..wh..opq')],
      () => attributes(outside('dir')).length > 0,
    ],
    [
      'the metadata of a link',
      followingLast,
      () => [symlink('l', `${out}/file`)],
      () => lstatSync(outside('file')).mtimeMs === 1.7e12,
    ],
    [
      'a whiteout of ..',
      hidingAnything,
      () => [file('.wh...')],
      () => attributes(scratch).length > 0,
    ],
  ])('%s', async (_what, rules, entries, reached) => {
    expect(reached()).toBe(false);
    await unpackHere(archive(...entries()), rules).catch(() => undefined);
    expect(reached()).toBe(true);
  });

  test('attributes of overlayfs', async () => {
    const bytes = archive(
      withPax({ 'SCHILY.xattr.trusted.overlay.redirect': '/x' }, { name: 'd', type: '5' }),
    );
    await unpackHere(bytes, { ...strictRules, isKeptXattr: () => true });
    expect(attributes(join(image, 'd'))).toContain('trusted.overlay.redirect');
  });

  test('a 0:0 device', async () => {
    const bytes = archive(entry({ name: 'w', type: '3', devMajor: 0, devMinor: 0 }));
    await unpackHere(bytes, { ...strictRules, isSmuggledWhiteout: () => false });
    expect(lstatSync(join(image, 'w')).rdev).toBe(0);
  });
});

function expectOutsideUntouched(): void {
  expect(census()).toEqual(before);
  expect(attributes(join(scratch, 'outside/dir'))).toEqual([]);
}
