import { execFileSync } from 'node:child_process';
import { closeSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { constants } from '../../../src/kernel/ffi.ts';
import { close, openat2 } from '../../../src/kernel/files.ts';
import {
  detachedOverlay,
  mount,
  mountSetattr,
  moveMount,
  openTree,
  overlayLowerdirPlus,
  parseMountinfo,
  umount2,
} from '../../../src/kernel/mounts.ts';
import { emptyFolder, removeTree } from '../../../src/store/remove-tree.ts';

let dir: string;
const made = (name: string) => join(dir, name);
const mountsBelow = () =>
  parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8')).filter(({ target }) =>
    target.startsWith(dir),
  );

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'petri mounts-'));
  for (const name of ['a', 'b', 'trash']) await mkdir(made(name));
});
afterEach(async () => {
  for (const { target } of mountsBelow()) umount2(target, ['MNT_DETACH']);
  await rm(dir, { recursive: true });
});

describe('mounts', () => {
  it('are made, seen with their escapes undone, and taken away', () => {
    mount({
      source: 'tmpfs',
      target: made('a'),
      fstype: 'tmpfs',
      flags: ['MS_NODEV'],
      data: 'size=4k',
    });
    expect(mountsBelow()).toMatchObject([{ target: made('a'), fstype: 'tmpfs' }]);
    umount2(made('a'), ['MNT_DETACH']);
    expect(mountsBelow()).toEqual([]);
  });

  it('are placed on a descriptor, read-only', async () => {
    await writeFile(made('a/file'), 'x');
    const tree = openTree(constants.AT_FDCWD, made('a'), ['OPEN_TREE_CLONE', 'OPEN_TREE_CLOEXEC']);
    mountSetattr(tree, '', ['AT_EMPTY_PATH'], { set: ['MOUNT_ATTR_RDONLY'] });
    moveMount({
      from: tree,
      to: constants.AT_FDCWD,
      toPath: made('b'),
      flags: ['MOVE_MOUNT_F_EMPTY_PATH'],
    });
    close(tree);
    expect(readdirSync(made('b'))).toEqual(['file']);
    await expect(writeFile(made('b/file'), 'y')).rejects.toThrow('EROFS');
  });

  it('that fail say what the errno hides', () => {
    const args = { source: 'x', target: made('a'), flags: 0 };
    expect(() => mount({ ...args, fstype: 'nosuchfs' })).toThrow(
      /ENODEV \(the kernel does not know/,
    );
  });
});

describe('overlay', () => {
  it('is probed without leaving a mount', () => {
    expect(typeof overlayLowerdirPlus()).toBe('boolean');
    expect(mountsBelow()).toEqual([]);
  });

  it('is read as a descriptor, the upper layer first, and is mounted nowhere', async () => {
    await writeFile(made('a/one'), 'top');
    await writeFile(made('b/one'), 'bottom');
    await writeFile(made('b/two'), 'bottom');
    const root = detachedOverlay([made('a'), made('b')]);
    const read = (path: string) => {
      const fd = openat2(root, path, { flags: ['O_RDONLY'], resolve: ['RESOLVE_IN_ROOT'] });
      const text = readFileSync(fd, 'utf8');
      close(fd);
      return text;
    };
    expect([read('/one'), read('/two')]).toEqual(['top', 'bottom']);
    expect(mountsBelow()).toEqual([]);
    closeSync(root);
  });
});

describe('removing a tree', () => {
  it('removes links without following them', async () => {
    await writeFile(made('b/keep'), 'x');
    await mkdir(made('a/sub'));
    await symlink(made('b'), made('a/sub/link'));
    await removeTree(made('a'), made('trash'));
    expect([readdirSync(dir), readdirSync(made('b')), readdirSync(made('trash'))]).toEqual([
      ['b', 'trash'],
      ['keep'],
      [],
    ]);
  });

  it('refuses when something is mounted inside, even from the same file system, and deletes nothing', async () => {
    await mkdir(made('a/in'));
    await writeFile(made('a/own'), 'x');
    await writeFile(made('b/canary'), 'x');
    mount({ source: made('b'), target: made('a/in'), fstype: null, flags: ['MS_BIND'] });
    await expect(removeTree(made('a'), made('trash'))).rejects.toThrow(
      /mounted on .*umount it first/,
    );
    expect(readdirSync(made('a'))).toEqual(['in', 'own']);
    expect(readdirSync(made('b'))).toEqual(['canary']);
  });

  it('copes with names that are no text and paths longer than the kernel takes', async () => {
    const deep =
      'i=0; while [ $i -lt 60 ]; do mkdir $(printf "%0200d" 0) && cd -P 0*; i=$((i+1)); done';
    execFileSync('busybox', [
      'sh',
      '-c',
      `cd "$1" && touch "$(printf 'x\\377')" && ${deep}`,
      'sh',
      made('a'),
    ]);
    await removeTree(made('a'), made('trash'));
    expect([readdirSync(dir), readdirSync(made('trash'))]).toEqual([['b', 'trash'], []]);
  });

  it('of what is not there is no error', async () => {
    await removeTree(made('nothing'), made('trash'));
  });

  it('empties a folder as far as it goes and tells the rest', async () => {
    await mkdir(made('trash/busy'));
    await writeFile(made('trash/file'), 'x');
    mount({ source: 'tmpfs', target: made('trash/busy'), fstype: 'tmpfs', flags: 0 });
    expect((await emptyFolder(made('trash'))).map(({ message }) => message)).toEqual([
      expect.stringContaining('trash/busy'),
    ]);
    expect(readdirSync(made('trash'))).toEqual(['busy']);
  });
});
