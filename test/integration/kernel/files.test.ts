import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import {
  mkdir as makeFolder,
  mkdtemp,
  rm,
  symlink,
  writeFile as writeText,
} from 'node:fs/promises';
import { createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KernelError } from '../../../src/errors/errors.ts';
import { close, flock, mkdir, mknod, open, openat2, writeFile } from '../../../src/kernel/files.ts';
import { connectIn, listenIn } from '../../../src/kernel/unix-socket.ts';
import { lockDataRoot } from '../../../src/store/lock.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'petri-files-'));
});
afterEach(() => rm(dir, { recursive: true }));

const openFds = () => readdirSync('/proc/self/fd').length;

describe('a call that fails', () => {
  it('names itself, what it was attempted on and the errno', () => {
    expect(() => mkdir(dir, 0o755)).toThrow(new KernelError('mkdir', 17, 'EEXIST', [dir]));
    expect(() => open(join(dir, 'x'), ['O_RDONLY'])).toThrow(`open(${dir}/x): ENOENT`);
    expect(() => writeFile('/proc/sys/kernel/ostype', 'x')).toThrow(/ostype/);
  });
  it('holds no descriptor', () => {
    const before = openFds();
    expect(() => writeFile('/proc/self/oom_score_adj', 'nonsense')).toThrow(/EINVAL/);
    expect(() => listenIn(dir, 'x'.repeat(200), 1)).toThrow();
    expect(openFds()).toBe(before);
  });
});

describe('openat2 in a root', () => {
  it('does not leave it by links or dots', async () => {
    await makeFolder(join(dir, 'etc'));
    await writeText(join(dir, 'etc/passwd'), 'inside');
    await symlink('/etc/passwd', join(dir, 'link'));
    const root = open(dir, ['O_PATH', 'O_CLOEXEC']);
    for (const path of ['/link', '../../../etc/passwd', '/etc/../../etc/passwd']) {
      const fd = openat2(root, path, {
        flags: ['O_RDONLY', 'O_CLOEXEC'],
        resolve: ['RESOLVE_IN_ROOT'],
      });
      expect(readFileSync(fd, 'utf8')).toBe('inside');
      close(fd);
    }
    close(root);
  });
});

it('mknod makes the device it was asked for', () => {
  mknod(join(dir, 'full'), 0o020600, 1, 7);
  expect(statSync(join(dir, 'full')).rdev).toBe(statSync('/dev/full').rdev);
});

describe('the lock of a data root', () => {
  it('is held by one, named to the next, and free again', async () => {
    const path = join(dir, 'lock');
    const unlock = await lockDataRoot(path);
    expect(flock(path)).toBe('held');
    await expect(lockDataRoot(path)).rejects.toThrow(`in use by process ${process.pid} (`);
    unlock();
    (await lockDataRoot(path))();
  });

  it('goes with its process, however that ends', () => {
    const path = join(dir, 'lock');
    expect(spawnSync('flock', [path, 'sh', '-c', 'kill -9 $PPID; sleep 0']).signal).toBe('SIGKILL');
    const fd = flock(path);
    expect(fd).not.toBe('held');
    close(fd as number);
  });
});

describe('a unix socket', () => {
  it('listens and is reached in a folder with a path longer than an address, for its owner only', async () => {
    const deep = join(dir, 'x'.repeat(150));
    await makeFolder(deep);
    const before = openFds();
    const server = createServer((socket) => socket.end('hello')).listen({
      fd: listenIn(deep, 's', 5),
    });
    await once(server, 'listening');
    expect(statSync(join(deep, 's')).mode & 0o777).toBe(0o600);
    const client = new Socket({ fd: connectIn(deep, 's'), readable: true });
    const [bytes] = (await once(client, 'data')) as [Buffer];
    expect(bytes.toString()).toBe('hello');
    expect(() => listenIn(deep, 's', 5)).toThrow('EADDRINUSE');
    await new Promise((resolve) => server.close(resolve));
    await expect.poll(openFds).toBe(before);
  });
});
