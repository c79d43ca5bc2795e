/** cp, export, diff and commit on a container that is running, stopped, or was never started. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { changes } from '../../src/container/changes.ts';
import { commit } from '../../src/container/commit.ts';
import { copyOut } from '../../src/container/copy-out.ts';
import { create } from '../../src/container/create.ts';
import { endOf, kill } from '../../src/container/kill.ts';
import { statPath } from '../../src/container/path-stat.ts';
import { remove } from '../../src/container/remove.ts';
import { start } from '../../src/container/start.ts';
import type { Container } from '../../src/container/table.ts';
import { setXattr } from '../../src/kernel/files-at.ts';
import { serve } from '../support/api.ts';
import { type Census, census, expectNoLeak } from '../support/census.ts';
import { launch, openTestEngine, request, run, type TestEngine } from '../support/engine.ts';
import { entriesOf, exported, put, tarOf } from '../support/files.ts';

let test_: TestEngine;
let scratch: string;
let before: Census;

beforeAll(async () => {
  test_ = await openTestEngine();
  scratch = mkdtempSync(join(tmpdir(), 'petri-files-'));
  const made = await launch(test_, sleeper, {}, none);
  await exported(test_, made); // what is opened once and for good is open
  await remove(test_.engine, made, { force: true, volumes: true });
  while (readdirSync(test_.engine.paths.trash).length > 0) await new Promise(setImmediate);
});
afterAll(async () => {
  rmSync(scratch, { recursive: true });
  await test_.close();
});
beforeEach(async () => {
  const { dataRoot, execRoot, bridge } = test_.options;
  before = await census({ dataRoot, runRoot: execRoot, bridge });
});

const none = { NetworkMode: 'none' };
const sleeper = ['sleep', '1000'];

/** Runs a script in a container, which then goes on, has ended, or was never started. */
const states = ['running', 'stopped', 'created'] as const;
async function containerThatIs(state: (typeof states)[number], script = ''): Promise<Container> {
  const { engine } = test_;
  if (state === 'created') {
    const { id } = await create(engine, request(sleeper, {}, none));
    return engine.containers.find(id);
  }
  const ready = `${script}\ntouch /ready; exec sleep 1000`;
  const container = await launch(test_, ['sh', '-c', ready], {}, none);
  while (!(await isThere(container, '/ready'))) await new Promise(setImmediate);
  if (state === 'stopped') await stopNow(container);
  return container;
}

async function isThere(container: Container, path: string): Promise<boolean> {
  return statPath(test_.engine, container, path).then(
    () => true,
    () => false,
  );
}

async function stopNow(container: Container): Promise<void> {
  const ended = endOf(container);
  await kill(test_.engine, container, 'KILL');
  await ended;
}

async function discard(container: Container): Promise<void> {
  await remove(test_.engine, container, { force: true, volumes: true });
  await expectNoLeak(before);
}

describe.each(states)('a container that is %s', (state) => {
  test('takes files in and gives them back as they were', async () => {
    const container = await containerThatIs(state);
    const name = `tree-${state}`;
    makeTree(join(scratch, name));
    const archive = tarOf(scratch, name);
    await put(test_, container, '/srv/..', archive);
    const found = await entriesOf(test_, container, `/${name}`);
    expect([...found.keys()]).toEqual(
      ['', 'a', 'b', 'deep/', 'deep/c', 'dangling', 'fifo', 'link']
        .sort()
        .map((one) => `${name}/${one}`),
    );
    const at = (one: string) => found.get(`${name}/${one}`);
    expect(at('a')).toMatchObject({ mode: 0o4751, uid: 1234, gid: 5678, text: 'hello' });
    expect(at('a')?.mtime).toEqual({ seconds: 1_600_000_000, nanoseconds: 0 });
    expect(at('a')?.xattrs).toEqual(new Map([['user.colour', Buffer.from('green')]]));
    expect(at('b')).toMatchObject({ type: 'link', linkPath: Buffer.from(`${name}/a`) });
    expect(at('deep/')).toMatchObject({ type: 'directory', mode: 0o1770 });
    expect(at('deep/')?.mtime.seconds).toBe(1_500_000_000);
    expect(at('link')).toMatchObject({ type: 'symlink', linkPath: Buffer.from('deep/c'), uid: 7 });
    expect(at('fifo')?.type).toBe('fifo');
    await discard(container);
  });

  test('is exported without what is mounted in it', async () => {
    const container = await containerThatIs(state);
    const found = await exported(test_, container);
    expect(found.get('bin/busybox')?.type).toBe('file');
    expect([...found.keys()].filter((path) => /^(proc|sys)\//.test(path))).toEqual([
      'proc/',
      'sys/',
    ]);
    expect(found.get('etc/hosts')).toMatchObject({ type: 'file', text: '' });
    await discard(container);
  });

  test('refuses what docker refuses', async () => {
    const container = await containerThatIs(state);
    await expect(entriesOf(test_, container, '/nope')).rejects.toThrow(
      `Could not find the file /nope in container ${container.name}`,
    );
    await expect(put(test_, container, '/nope', tarOf('/etc', 'hostname'))).rejects.toThrow(
      'Could not find the file /nope',
    );
    await expect(put(test_, container, '/bin/sh', tarOf('/etc', 'hostname'))).rejects.toThrow(
      'extraction point is not a directory',
    );
    mkdirSync(join(scratch, `kinds-${state}/etc`), { recursive: true });
    writeFileSync(join(scratch, `kinds-${state}/bin`), '');
    const overFolder = tarOf(join(scratch, `kinds-${state}`), 'bin');
    await expect(put(test_, container, '/', overFolder)).rejects.toThrow(
      'cannot overwrite a directory with a non-directory',
    );
    await discard(container);
  });
});

describe('paths', () => {
  test('go through the links of the container, and stay in it', async () => {
    const script = 'ln -s /data/real /way; mkdir -p /data/real; ln -s ../../../../etc /data/up';
    const container = await containerThatIs('running', script);
    await put(test_, container, '/way', tarOf('/etc', 'hostname'));
    expect(await isThere(container, '/data/real/hostname')).toBe(true);
    const stat = (path: string) => statPath(test_.engine, container, path);
    expect(await stat('/way')).toMatchObject({ name: 'way', linkTarget: '/data/real' });
    expect((await stat('/data/up')).linkTarget).toBe('/etc');
    expect([...(await entriesOf(test_, container, '/way/')).keys()]).toEqual([
      'way/',
      'way/hostname',
    ]);
    expect([...(await entriesOf(test_, container, '/way/.')).keys()]).toEqual(['./', './hostname']);
    expect([...(await entriesOf(test_, container, '/way')).values()][0]?.type).toBe('symlink');
    const passwd = await entriesOf(test_, container, '/data/up/passwd');
    expect(passwd.get('passwd')?.text).toMatch(/^root:x:0:0:/);
    await discard(container);
  });

  test('with --read-only nothing is copied into the root', async () => {
    const host = { ...none, ReadonlyRootfs: true };
    const container = await launch(test_, sleeper, {}, host);
    await expect(put(test_, container, '/tmp', tarOf('/etc', 'hostname'))).rejects.toThrow(
      'container rootfs is marked read-only',
    );
    await discard(container);
  });
});

describe.each(['running', 'stopped'] as const)('mounts of a container that is %s', (state) => {
  test('are copied from and to; a read-only one is not written; an export has none', async () => {
    const [rw, ro] = [join(scratch, `rw-${state}`), join(scratch, `ro-${state}`)];
    for (const folder of [rw, ro]) mkdirSync(folder);
    writeFileSync(join(ro, 'given'), 'by the host');
    const Binds = [`${rw}:/mnt/rw`, `${ro}:/mnt/ro:ro`];
    const host = { ...none, Binds, ReadonlyRootfs: true };
    const container = await launch(test_, sleeper, {}, host);
    if (state === 'stopped') await stopNow(container);
    const archive = tarOf('/etc', 'hostname');
    await put(test_, container, '/mnt/rw', archive);
    expect(readdirSync(rw)).toEqual(['hostname']);
    const given = await entriesOf(test_, container, '/mnt/ro/given');
    expect(given.get('given')?.text).toBe('by the host');
    await expect(put(test_, container, '/mnt/ro', archive)).rejects.toThrow(
      'mounted volume is marked read-only',
    );
    await expect(put(test_, container, '/mnt', archive)).rejects.toThrow(
      'container rootfs is marked read-only',
    );
    const found = await exported(test_, container);
    expect([...found.keys()].filter((path) => path.startsWith('mnt'))).toEqual([
      'mnt/',
      'mnt/ro/',
      'mnt/rw/',
    ]);
    await discard(container);
    expect(readdirSync(ro)).toEqual(['given']);
  });
});

describe('what is in use', () => {
  test('a start waits until a copy from the stopped container has ended', async () => {
    const container = await containerThatIs('stopped');
    const copying = deferred();
    const begun = deferred();
    const copied = copyOut(test_.engine, container, '/etc', async (_stat, archive) => {
      await archive.next();
      begun.resolve();
      await copying.promise;
      await archive.return(undefined);
    });
    await begun.promise;
    const started = start(test_.engine, container);
    expect(await Promise.race([started.then(() => 'started'), settled(50)])).toBe('waiting');
    copying.resolve();
    await Promise.all([copied, started]);
    expect(container.record.state.status).toBe('running');
    await discard(container);
  });

  test('a client that leaves in the middle leaves nothing open', async () => {
    const container = await containerThatIs('running', 'dd if=/dev/zero of=/big bs=1M count=64');
    const api = await serve(test_.engine, scratch);
    const open = () => readdirSync('/proc/self/fd').length;
    const atFirst = open();
    for (const path of ['archive?path=/big', 'export', 'archive?path=/']) {
      const socket = connect(api.socketPath);
      socket.write(`GET /containers/${container.id}/${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
      await new Promise((resolve) => socket.once('data', resolve));
      socket.destroy();
    }
    await expect.poll(open, { timeout: 5000 }).toBeLessThanOrEqual(atFirst);
    await api.close();
    await discard(container);
  });
});

describe('diff and commit', () => {
  const script =
    'rm /bin/yes; touch /etc/new; rm -rf /var; mkdir -p /var/y; chmod 700 /usr; touch /tmp/q; rm /tmp/q';
  const expected = [
    'C /bin',
    'D /bin/yes',
    'C /etc',
    'A /etc/new',
    'A /ready',
    'C /usr',
    'C /var',
    'D /var/spool',
    'D /var/www',
    'A /var/y',
  ];

  test('a diff tells what was changed, added and deleted', async () => {
    const container = await containerThatIs('running', script);
    const found = await changes(test_.engine, container);
    expect(found.map(({ kind, path }) => `${'CAD'[kind]} ${path}`)).toEqual(expected);
    await discard(container);
  });

  test('a committed image runs, shares its layers, and keeps what was deleted deleted', async () => {
    const { images } = test_.engine;
    const container = await containerThatIs('stopped', `${script}; ln /etc/new /etc/other`);
    const options = {
      author: 'a',
      comment: 'c',
      changes: ['ENV COLOUR=green'],
      pause: true,
      repo: 'made',
    };
    const id = await commit(test_.engine, container, options);
    const [image, base] = [images.find('made'), images.find('busybox')];
    expect(image).toMatchObject({ id, author: 'a', comment: 'c' });
    expect(image.config.Env).toContain('COLOUR=green');
    expect(image.diffIds.slice(0, -1)).toEqual(base.diffIds);
    const look = 'exec 2>&1; ls /bin/yes /var; stat -c "%a %h" /usr /etc/new; echo $COLOUR';
    const { output } = await run(test_, ['sh', '-c', look], { Image: 'made' }, none);
    expect(output).toMatch(/^ls: \/bin\/yes: No such file or directory\n\/var:\ny\n700 \d+\n/);
    expect(output).toMatch(/644 2\ngreen\n$/);
    await images.remove('made', { force: true }, () => undefined);
    await discard(container);
  });

  test('the same layer has the same digest', async () => {
    const { images } = test_.engine;
    const container = await containerThatIs('stopped', script);
    const plain = { author: '', comment: '', changes: [], pause: true };
    const ids = [];
    for (const repo of ['one', 'two'])
      ids.push(await commit(test_.engine, container, { ...plain, repo }));
    expect(images.find('one').diffIds).toEqual(images.find('two').diffIds);
    for (const id of ids) await images.remove(id, { force: true }, () => undefined);
    await discard(container);
  });

  test('nothing changed is no layer', async () => {
    const { images } = test_.engine;
    const container = await containerThatIs('created');
    const plain = { author: '', comment: '', changes: [], pause: true };
    const id = await commit(test_.engine, container, plain);
    const image = images.find(id);
    expect(image.diffIds).toEqual(images.find('busybox').diffIds);
    expect(image.history.at(-1)?.empty_layer).toBe(true);
    await images.remove(id, { force: true }, () => undefined);
    await discard(container);
  });
});

/** A folder with one of each. */
function makeTree(top: string): void {
  mkdirSync(join(top, 'deep'), { recursive: true });
  writeFileSync(join(top, 'a'), 'hello');
  const fd = openSync(join(top, 'a'), 'r');
  setXattr(fd, 'user.colour', Buffer.from('green'));
  closeSync(fd);
  chownSync(join(top, 'a'), 1234, 5678);
  chmodSync(join(top, 'a'), 0o4751);
  utimesSync(join(top, 'a'), 1_600_000_000, 1_600_000_000);
  linkSync(join(top, 'a'), join(top, 'b'));
  writeFileSync(join(top, 'deep/c'), '');
  symlinkSync('deep/c', join(top, 'link'));
  symlinkSync('/nowhere/at/all', join(top, 'dangling'));
  execFileSync('chown', ['-h', '7:7', join(top, 'link')]);
  lutimesSync(join(top, 'link'), 1_400_000_000, 1_400_000_000);
  execFileSync('mkfifo', [join(top, 'fifo')]);
  chmodSync(join(top, 'deep'), 0o1770);
  utimesSync(join(top, 'deep'), 1_500_000_000, 1_500_000_000);
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** How long nothing is to happen: what must not happen has no state to wait for. */
function settled(ms: number): Promise<string> {
  return new Promise((resolve) => setTimeout(() => resolve('waiting'), ms));
}
