/** Unpacking of sane layers: the tree is what GNU tar makes of the same archive, and overlayfs takes it. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  createReadStream,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { gzipSync } from 'node:zlib';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ensureInitLayer } from '../../src/image/init-layer.ts';
import { LayerStore } from '../../src/image/layers.ts';
import { ImageStore } from '../../src/image/store.ts';
import { defaultLimits } from '../../src/image/tar/limits.ts';
import { unpack } from '../../src/image/unpack.ts';
import { Paths } from '../../src/store/paths.ts';
import { deleteTree } from '../../src/store/remove-tree.ts';
import { archive, chunks, entry, withPax } from '../unit/tar-archive.ts';
import { attribute, attributes } from './image-attributes.ts';

const recipe = join(import.meta.dirname, '../../rootfs-fixtures/busybox.sh');
let scratch: string;
let ours: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'petri-image-unpack-'));
  ours = join(scratch, 'ours');
  mkdirSync(ours);
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

async function unpackHere(source: AsyncIterable<Buffer>) {
  const root = openSync(ours, 'r');
  try {
    return await unpack(source, root);
  } finally {
    closeSync(root);
  }
}

/** Every file with all that tar keeps of it; hard links by the first name of the file. */
function tree(root: string): string[] {
  const firstName = new Map<bigint, string>();
  const names = ['', ...readdirSync(root, { recursive: true }).map(String).sort()];
  return names.map((name) => {
    const path = join(root, name);
    const stat = lstatSync(path, { bigint: true });
    const first = stat.isDirectory() ? name : (firstName.get(stat.ino) ?? name);
    firstName.set(stat.ino, first);
    const content = stat.isFile() ? readFileSync(path, 'base64').slice(0, 200) : '';
    const target = stat.isSymbolicLink() ? readlinkSync(path) : '';
    const { mode, uid, gid, mtimeNs, rdev } = stat;
    const size = stat.isDirectory() ? 0 : stat.size;
    return [name, first, mode, uid, gid, mtimeNs, rdev, size, content, target].join(' ');
  });
}

/** A folder with one of everything. */
function everything(): string {
  const root = join(scratch, 'source');
  mkdirSync(join(root, 'dir/sub'), { recursive: true });
  writeFileSync(join(root, 'dir/file'), 'hello');
  writeFileSync(join(root, 'large'), Buffer.alloc(300_000, 'x'));
  writeFileSync(join(root, 'empty'), '');
  writeFileSync(join(root, `${'long'.repeat(40)}`), 'long');
  mkdirSync(join(root, 'deep/'.repeat(40)), { recursive: true });
  writeFileSync(join(root, 'deep/'.repeat(40), 'file'), 'deep');
  linkSync(join(root, 'dir/file'), join(root, 'hard'));
  symlinkSync('dir/file', join(root, 'soft'));
  symlinkSync('/nowhere', join(root, 'dangling'));
  symlinkSync('t'.repeat(200), join(root, 'longlink'));
  linkSync(join(root, 'soft'), join(root, 'hardsoft'));
  execFileSync('mkfifo', [join(root, 'fifo')]);
  execFileSync('mknod', [join(root, 'null'), 'c', '1', '3']);
  execFileSync('mknod', [join(root, 'loop'), 'b', '7', '300']);
  writeFileSync(join(root, 'setuid'), 's');
  chownSync(join(root, 'setuid'), 1234, 70000);
  chmodSync(join(root, 'setuid'), 0o6755);
  chmodSync(join(root, 'dir'), 0o1777);
  chmodSync(join(root, 'empty'), 0);
  utimesSync(join(root, 'empty'), 1, 1.123456);
  utimesSync(join(root, 'dir'), 5, 5);
  return root;
}

describe('the tree is what GNU tar makes of', () => {
  test.each([
    ['ustar', ['--format=ustar']],
    ['pax', ['--format=pax']],
    [
      'pax, each header in its own words',
      ['--format=pax', '--pax-option=delete=atime,delete=ctime'],
    ],
    ['gnu', ['--format=gnu']],
    ['old gnu', ['--format=oldgnu']],
    ['the largest blocks', ['--format=pax', '-b', '2048']],
    ['absolute names', ['--format=gnu', '-P', '--transform', 's,^\\./,/,']],
    ['other owners', ['--format=pax', '--owner=3000000', '--group=3000001']],
    ['files without their folders', ['--format=gnu', '--no-recursion', 'dir/file', 'dir/sub']],
    ['files twice', ['--format=gnu', './dir', './dir/file', './empty', './dir/file']],
    ['hard links as files', ['--format=gnu', '--hard-dereference']],
    ['times before 1970', ['--format=pax', '--mtime=1960-01-01 00:00:00.5Z']],
  ])('%s', async (_what, options) => {
    const source = everything();
    if (options.includes('--format=ustar')) {
      // What this format cannot hold.
      rmSync(join(source, 'long'.repeat(40)));
      rmSync(join(source, 'longlink'));
    }
    const tar = join(scratch, 'a.tar');
    const members = options.some((option) => /^\.?\/?dir/.test(option)) ? [] : ['.'];
    execFileSync('tar', ['--numeric-owner', '-C', source, '-cf', tar, ...options, ...members], {
      stdio: 'pipe',
    });
    const theirs = join(scratch, 'theirs');
    mkdirSync(theirs);
    execFileSync('tar', ['--numeric-owner', '-C', theirs, '-xpf', tar], { stdio: 'pipe' });
    await unpackHere(createReadStream(tar));
    expect(withoutImplicitTimes(tree(ours))).toEqual(withoutImplicitTimes(tree(theirs)));

    /** Folders that the archive does not have get the present time. */
    function withoutImplicitTimes(lines: string[]): string[] {
      if (members.length > 0) return lines;
      return lines.map((line) => (/^(dir)? /.test(line) ? (line.split(' ')[0] ?? '') : line));
    }
  });

  test('the busybox fixture, plain and compressed', async () => {
    const tar = join(scratch, 'busybox.tar');
    execFileSync(recipe, [tar]);
    const theirs = join(scratch, 'theirs');
    mkdirSync(theirs);
    execFileSync('tar', ['--numeric-owner', '-C', theirs, '-xpf', tar], { stdio: 'pipe' });
    const store = await ImageStore.open(new Paths(scratch, scratch), pino({ level: 'silent' }));
    const plain = await store.import(createReadStream(tar), { repo: 'busybox' });
    expect(tree(plain.layerDirs[0] as string)).toEqual(tree(theirs));
    const compressed = chunks(gzipSync(readFileSync(tar), { level: 1 }), 65536);
    const again = await store.import(compressed, { repo: 'zipped' });
    expect(again.diffIds).toEqual(plain.diffIds);
    expect(readdirSync(store.paths.layers)).toHaveLength(1);
  });
});

describe('a layer', () => {
  test('has its whiteouts and opaque folders as overlayfs has them', async () => {
    const lower = join(scratch, 'lower');
    for (const path of ['gone', 'opaque/old', 'replaced/old', 'kept'])
      mkdirSync(join(lower, path), { recursive: true });
    await unpackHere(
      chunks(
        archive(
          entry({ name: '.wh.gone' }),
          entry({ name: 'opaque/', type: '5' }),
          entry({ name: 'opaque/.wh..wh..opq' }),
          entry({ name: 'opaque/new' }),
          entry({ name: '.wh.replaced' }),
          entry({ name: 'replaced/new' }),
          entry({ name: 'both' }),
          entry({ name: '.wh.both' }),
        ),
      ),
    );
    const merged = join(scratch, 'merged');
    mkdirSync(merged);
    const options = `lowerdir=${ours}:${lower}`;
    execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', options, merged]);
    try {
      expect(readdirSync(merged, { recursive: true }).sort()).toEqual([
        'both',
        'kept',
        'opaque',
        'opaque/new',
        'replaced',
        'replaced/new',
      ]);
    } finally {
      execFileSync('umount', [merged]);
    }
  });

  test('keeps capabilities and user attributes, and bytes that are no UTF-8', async () => {
    const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex');
    const name = Buffer.from([0x66, 0xff]);
    await unpackHere(
      chunks(
        archive(
          withPax(
            { 'SCHILY.xattr.security.capability': capability, 'SCHILY.xattr.user.a': 'b' },
            { name: 'ping', mode: 0o755, uid: 0 },
          ),
          entry({ name }),
        ),
      ),
    );
    expect(attributes(join(ours, 'ping'))).toEqual(['security.capability', 'user.a']);
    expect(attribute(join(ours, 'ping'), 'security.capability')).toEqual(capability);
    expect(readdirSync(ours, { encoding: 'buffer' })).toContainEqual(name);
    await deleteTree(ours);
    expect(readdirSync(scratch)).toEqual([]);
  });

  test('gives folders it does not mention 0755, whatever the umask', async () => {
    const umask = process.umask(0o077);
    try {
      await unpackHere(chunks(archive(entry({ name: 'a/b/c' }))));
    } finally {
      process.umask(umask);
    }
    expect(lstatSync(join(ours, 'a/b')).mode & 0o7777).toBe(0o755);
  });

  test('is cut off and leaves nothing, wherever it is cut', async () => {
    const paths = new Paths(scratch, scratch);
    for (const dir of [paths.staging, paths.layers, paths.trash]) mkdirSync(dir);
    const layers = new LayerStore(paths);
    const bytes = gzipSync(archive(entry({ name: 'a/b', body: 'x'.repeat(5000) })), { level: 0 });
    for (let length = 0; length < bytes.length; length += 157) {
      await expect(layers.stage(chunks(bytes.subarray(0, length)))).rejects.toThrow(
        'invalid archive',
      );
      expect(readdirSync(paths.staging)).toEqual([]);
    }
  });

  test('that is a bomb is refused by its ratio', async () => {
    const paths = new Paths(scratch, scratch);
    for (const dir of [paths.staging, paths.layers, paths.trash]) mkdirSync(dir);
    const layers = new LayerStore(paths, {
      ...defaultLimits,
      ratio: 100,
      ratioFromBytes: 1_000_000,
    });
    const bytes = gzipSync(archive(entry({ name: 'a', body: Buffer.alloc(30_000_000) })));
    await expect(layers.stage(chunks(bytes))).rejects.toThrow('exceeds the limit ratio = 100');
    expect(readdirSync(paths.staging)).toEqual([]);
  });

  test('in an unknown compression is refused by its name', async () => {
    const paths = new Paths(scratch, scratch);
    for (const dir of [paths.staging, paths.layers, paths.trash]) mkdirSync(dir);
    const xz = Buffer.from('fd377a585a000000', 'hex');
    await expect(new LayerStore(paths).stage(chunks(xz))).rejects.toThrow('xz compression');
  });

  test('with many files and a large one does not hold the event loop', async () => {
    const entries = Array.from({ length: 2000 }, (_, i) =>
      entry({ name: `d${i % 50}/f${i}`, body: 'x' }),
    );
    const bytes = archive(...entries, entry({ name: 'large', body: Buffer.alloc(20_000_000, 1) }));
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    await unpackHere(chunks(bytes, 65536));
    delay.disable();
    expect(delay.percentile(99) / 1e6).toBeLessThan(50);
  });
});

describe('the init layer', () => {
  test('is made, left alone when right, and repaired when not', async () => {
    const paths = new Paths(scratch, scratch);
    await ensureInitLayer(paths);
    const at = (name: string) => join(paths.initLayer, name);
    const made = tree(paths.initLayer);
    expect(made.map((line) => line.split(' ')[0])).toEqual(
      [
        '',
        '.dockerenv',
        'dev',
        'dev/console',
        'dev/pts',
        'dev/shm',
        'etc',
        'etc/hostname',
        'etc/hosts',
      ].concat(['etc/mtab', 'etc/resolv.conf', 'proc', 'sys']),
    );
    await ensureInitLayer(paths);
    expect(tree(paths.initLayer)).toEqual(made);

    rmSync(at('dev'), { recursive: true });
    symlinkSync('/tmp', at('dev'));
    writeFileSync(at('etc/hosts'), 'evil');
    chmodSync(at('proc'), 0o777);
    writeFileSync(at('etc/passwd'), 'stranger');
    await ensureInitLayer(paths);
    const withoutTimes = (lines: string[]) => lines.map((line) => line.replace(/ \d{18,} /, ' '));
    expect(withoutTimes(tree(paths.initLayer))).toEqual(withoutTimes(made));
  });
});
