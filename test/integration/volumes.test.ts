/** Volumes in containers: what they keep, who fills them, when they go (R22, S24, S35 of the list of threats). */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { changeKinds, changes } from '../../src/container/changes.ts';
import { create } from '../../src/container/create.ts';
import { kill } from '../../src/container/kill.ts';
import { remove } from '../../src/container/remove.ts';
import { start } from '../../src/container/start.ts';
import type { Container } from '../../src/container/table.ts';
import { volumeUsers } from '../../src/container/volume-users.ts';
import { InvalidError } from '../../src/errors/errors.ts';
import { getXattr, setXattr } from '../../src/kernel/files-at.ts';
import { mount, umount2 } from '../../src/kernel/mount-calls.ts';
import { createVolume } from '../../src/volume/create.ts';
import { pruneVolumes } from '../../src/volume/prune.ts';
import { removeVolume } from '../../src/volume/remove.ts';
import { type Census, census, expectNoLeak } from '../support/census.ts';
import {
  exitOf,
  launch,
  openTestEngine,
  outputOf,
  request,
  run,
  type TestEngine,
} from '../support/engine.ts';
import { entriesOf, exported, put, tarOf } from '../support/files.ts';

let tested: TestEngine;
let before: Census;
/** A folder of the host. */
let host: string;
beforeAll(async () => {
  tested = await openTestEngine();
  // What is opened once and for good is open.
  await run(tested, ['true']);
  const looked = await made(at('first:/first'));
  await entriesOf(tested, looked, '/first');
  await gone(looked);
  await removeVolume(tested.engine.volumes, 'first', users);
});
beforeEach(async () => {
  host = mkdtempSync(join(tmpdir(), 'petri-volume-'));
  const { bridge, execRoot: runRoot } = tested.options;
  before = await census({ bridge, runRoot });
});
afterEach(async () => {
  for (const container of tested.engine.containers.all())
    await remove(tested.engine, container, { force: true, volumes: true });
  for (const name of names()) await removeVolume(tested.engine.volumes, name, users);
  rmSync(host, { recursive: true });
  await expectNoLeak(before);
});
afterAll(() => tested.close());

const none = { NetworkMode: 'none' };
const users = (name: string) => volumeUsers(tested.engine, name);
const names = () => tested.engine.volumes.all().map(({ name }) => name);
const dataOf = (name: string) => tested.engine.paths.volume(name).data;
const sh = async (script: string, config: object) =>
  (await run(tested, ['sh', '-c', script], {}, { ...none, ...config })).output;
const at = (...Binds: string[]) => ({ Binds });
const sleeping = (config: object, more: object = {}) =>
  launch(tested, ['sleep', '1000'], more, { ...none, ...config });
const made = async (config: object, more: object = {}) => {
  const { id } = await create(
    tested.engine,
    request(['true'], more, { NetworkMode: 'none', ...config }),
  );
  return tested.engine.containers.find(id);
};
const gone = (container: Container, volumes = true) =>
  remove(tested.engine, container, { force: true, volumes });
const volume = (name: string, options: Record<string, string>) =>
  createVolume(tested.engine.volumes, { name, driver: '', labels: null, options }).then(
    ({ release }) => release(),
  );
/** An image that has nothing but this archive of a folder. */
const image = async (folder: string, ...changes: string[]) => {
  await tested.engine.images.import(Readable.from([tarOf(folder, '.')]), {
    repo: 'made',
    tag: 'latest',
    changes: ['CMD ["x"]', ...changes],
  });
  return { Image: 'made' };
};

describe('a volume', () => {
  test('outlives its containers, and several have it at once', async () => {
    await sh('echo one > /data/f', at('data:/data'));
    const other = await sleeping(at('data:/elsewhere'));
    expect(await sh('cat /data/f; echo two > /data/f', at('data:/data'))).toBe('one\n');
    expect(readFileSync(join(dataOf('data'), 'f'), 'utf8')).toBe('two\n');
    await gone(other);
    expect(names()).toEqual(['data']);
  });
  test('is read-only with all that is mounted below it', async () => {
    await sh('mkdir /data/sub', at('data:/data'));
    const sub = join(dataOf('data'), 'sub');
    mount({ source: 'tmpfs', target: sub, fstype: 'tmpfs', flags: [] });
    const attempt = 'for d in /data /data/sub; do touch $d/x 2>/dev/null && echo $d; done';
    expect(await sh(attempt, at('data:/data:ro'))).toBe('');
    expect(await sh(attempt, at('data:/data'))).toBe('/data\n/data/sub\n');
    umount2(sub, ['MNT_DETACH']);
  });
  test('below /dev, in a folder of another, and over /etc', async () => {
    const config = at('data:/dev/data', 'outer:/outer', 'inner:/outer/in/side', 'etc:/etc');
    const script = 'echo x > /dev/data/f; echo y > /outer/in/side/g; grep -c root: /etc/passwd';
    expect(await sh(script, config)).toBe('1\n');
    expect(readdirSync(dataOf('data'))).toEqual(['f']);
    expect(readdirSync(dataOf('inner'))).toEqual(['g']);
    expect(readdirSync(dataOf('etc'))).toContain('passwd');
  });
  test('is out of reach for users of the host', async () => {
    await sh('echo secret > /data/f; chmod 777 /data /data/f', at('data:/data'));
    const attempt = (path: string) =>
      execFileSync('setpriv', ['--reuid=65534', '--clear-groups', 'ls', '-R', path], {
        stdio: 'pipe',
      });
    const { paths } = tested.engine;
    for (const path of [paths.volumes, paths.volume('data').dir, dataOf('data')])
      expect(() => attempt(path), path).toThrow('Permission denied');
    expect(statSync(paths.volume('data').record).mode & 0o777).toBe(0o600);
  });
});

const onFile = <T>(path: string, use: (fd: number) => T): T => {
  const fd = openSync(path, 'r');
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
};

describe('the first fill', () => {
  const content = () => {
    const root = mkdirSync(join(host, 'root/app/sub'), { recursive: true }) as string;
    const app = join(root, 'app');
    writeFileSync(join(app, 'file'), 'of the image');
    chmodSync(join(app, 'file'), 0o4755);
    chownSync(join(app, 'sub'), 12, 34);
    chmodSync(join(app, 'sub'), 0o1777);
    execFileSync('ln', [join(app, 'file'), join(app, 'sub/second')]);
    execFileSync('mkfifo', [join(app, 'fifo')]);
    onFile(join(app, 'file'), (fd) => setXattr(fd, 'user.note', Buffer.from('kept')));
    symlinkSync('/nowhere', join(app, 'link'));
    chownSync(app, 5, 6);
    chmodSync(app, 0o750);
    symlinkSync('app', join(root, 'way'));
    return root;
  };
  const look = (path: string) => {
    const { mode, uid, gid, nlink } = lstatSync(path);
    return [(mode & 0o7777).toString(8), uid, gid, nlink];
  };

  test('keeps owners, modes, attributes and links, and gives the folder itself those of the image', async () => {
    const config = await image(content());
    await made(at('data:/app'), config);
    const data = dataOf('data');
    expect(readdirSync(data)).toEqual(['fifo', 'file', 'link', 'sub']);
    expect(look(join(data, 'file'))).toEqual(['4755', 0, 0, 2]);
    expect(look(join(data, 'sub')).slice(0, 3)).toEqual(['1777', 12, 34]);
    expect(look(data).slice(0, 3)).toEqual(['750', 5, 6]);
    expect(statSync(join(data, 'sub/second')).ino).toBe(statSync(join(data, 'file')).ino);
    expect(onFile(join(data, 'file'), (fd) => String(getXattr(fd, 'user.note')))).toBe('kept');
    expect(lstatSync(join(data, 'fifo')).isFIFO()).toBe(true);
  });
  test('follows a link of the image, and a volume that is seen by another is filled where it is', async () => {
    const other = await sleeping(at('data:/x'));
    await made(at('data:/way'), await image(content()));
    expect(readdirSync(dataOf('data'))).toContain('file');
    expect((await entriesOf(tested, other, '/x/file')).get('file')?.text).toBe('of the image');
  });
  test('happens neither to what has something in it, nor with nocopy', async () => {
    const config = await image(content());
    await sh('echo mine > /data/f', at('data:/data'));
    await made(at('data:/app', 'empty:/app/sub:nocopy'), config);
    expect(readdirSync(dataOf('data'))).toEqual(['f']);
    expect(readdirSync(dataOf('empty'))).toEqual([]);
  });
  test('a file is no place for a volume, and then none is made', async () => {
    const config = await image(content());
    await expect(made(at('data:/app', 'more:/app/file'), config)).rejects.toThrow(
      'cannot mount volume over existing file, file exists /app/file',
    );
    expect(names()).toEqual([]);
    expect(readdirSync(tested.engine.paths.staging)).toEqual([]);
  });
});

describe('a volume without a name', () => {
  test('by VOLUME and by -v goes with rm -v and --rm, and stays otherwise', async () => {
    mkdirSync(join(host, 'root'));
    const config = await image(join(host, 'root'), 'VOLUME /one /two');
    const first = await made({}, { ...config, Volumes: { '/three': {} } });
    expect(names()).toHaveLength(3);
    expect(names().every((name) => /^[0-9a-f]{64}$/.test(name))).toBe(true);
    await gone(first, true);
    expect(names()).toEqual([]);
    await gone(await made({}, config), false);
    expect(names()).toHaveLength(2);
    expect((await pruneVolumes(tested.engine.volumes, users, () => true)).deleted).toHaveLength(2);
    const last = await launch(
      tested,
      ['true'],
      { Volumes: { '/x': {} } },
      { ...none, AutoRemove: true },
    );
    await exitOf(tested, last);
    await expect.poll(names).toEqual([]);
  });
  test('of an image gives way to what the user mounts there', async () => {
    mkdirSync(join(host, 'root'));
    const config = await image(join(host, 'root'), 'VOLUME /one /two /three');
    const { record } = await made(
      { Binds: [`${host}:/one`, 'data:/two'], Tmpfs: { '/three': '' } },
      config,
    );
    expect(record.mounts?.map(({ type, target }) => `${type} ${target}`)).toEqual([
      'bind /one',
      'volume /two',
      'tmpfs /three',
    ]);
    expect(names()).toEqual(['data']);
  });
  test('--volumes-from gives it to another, with which it stays', async () => {
    const donor = await sleeping(at(`${host}:/host`, 'data:/data:ro'), {
      Volumes: { '/anonymous': {} },
    });
    const from = { VolumesFrom: [donor.name] };
    const heir = await sleeping(from);
    await sh('echo x > /anonymous/f; echo y > /host/g', from);
    expect(readFileSync(join(host, 'g'), 'utf8')).toBe('y\n');
    expect(
      await sh('touch /data/z 2>&1; touch /host/z 2>&1', { VolumesFrom: [`${donor.name}:ro`] }),
    ).toBe('touch: /data/z: Read-only file system\ntouch: /host/z: Read-only file system\n');
    await gone(donor);
    expect((await entriesOf(tested, heir, '/anonymous/f')).get('f')?.text).toBe('x\n');
    await gone(heir);
    expect(names()).toEqual(['data']);
  });
});

test('the volumes of a container that goes at the same moment: all of them, or no new container', async () => {
  const outcomes = new Set<string>();
  for (let i = 0; i < 60; i++) {
    const donor = await made({}, { Volumes: { '/etc': {} } });
    const removed = i % 3 === 0 ? gone(donor) : undefined;
    const heir = made({ VolumesFrom: [donor.id] });
    const [made_] = await Promise.allSettled([heir, removed ?? gone(donor)]);
    outcomes.add(made_.status);
    if (made_.status === 'rejected') {
      expect(made_.reason).toBeInstanceOf(InvalidError);
      continue;
    }
    const [mount] = made_.value.record.mounts ?? [];
    expect(readdirSync(dataOf(mount?.type === 'volume' ? mount.name : ''))).toContain('passwd');
    await gone(made_.value);
  }
  expect(outcomes.has('fulfilled')).toBe(true);
});

describe('in use', () => {
  test('it is not removed, whether the container runs or not, also after a restart', async () => {
    const container = await made(at('data:/data'));
    const attempt = () => removeVolume(tested.engine.volumes, 'data', users);
    await expect(attempt()).rejects.toThrow(`remove data: volume is in use - [${container.id}]`);
    await tested.reopen();
    await expect(attempt()).rejects.toThrow(`remove data: volume is in use - [${container.id}]`);
    await gone(tested.engine.containers.find(container.id));
    await attempt();
    expect(existsSync(tested.engine.paths.volume('data').dir)).toBe(false);
    await expect(attempt()).rejects.toThrow('get data: no such volume');
  });
  test('create, rm and prune at once: a container that is there has its volume', async () => {
    for (let i = 0; i < 150; i++) {
      const { volumes } = tested.engine;
      const [created] = await Promise.allSettled([
        made(at('data:/data')),
        removeVolume(volumes, 'data', users),
        pruneVolumes(volumes, users, () => true),
        made(at('data:/data')),
        removeVolume(volumes, 'data', users),
      ]);
      expect(created.status).toBe('fulfilled');
      expect(names()).toEqual(['data']);
      expect(readdirSync(tested.engine.paths.volumes)).toEqual(['data']);
      for (const container of tested.engine.containers.all()) await gone(container);
    }
  });
  test('and without asking who has it, it would go from beneath a container', async () => {
    const container = await made(at('data:/data'));
    await removeVolume(tested.engine.volumes, 'data', () => []);
    await expect(start(tested.engine, container)).rejects.toThrow('get data: no such volume');
  });
});

describe('a device', () => {
  const mounted = () => readFileSync('/proc/self/mountinfo', 'utf8').includes(dataOf('data'));

  test('is mounted from the first start to the last end, one for all', async () => {
    await volume('data', { type: 'tmpfs', device: 'tmpfs', o: 'size=1m,mode=1770,uid=7' });
    const first = await sleeping(at('data:/data'));
    expect(mounted()).toBe(true);
    const script =
      'echo x > /data/f; stat -c "%a %u" /data; grep " /data " /proc/mounts | cut -d" " -f3';
    expect(await sh(script, at('data:/data'))).toBe('1770 7\ntmpfs\n');
    expect((await entriesOf(tested, first, '/data/f')).get('f')?.text).toBe('x\n');
    await kill(tested.engine, first, 'SIGKILL');
    await exitOf(tested, first);
    expect(mounted()).toBe(false);
    expect(await sh('ls /data', at('data:/data'))).toBe('');
  });
  test('survives the supervisor while a container runs, and no longer', async () => {
    await volume('data', { type: 'tmpfs', device: 'tmpfs' });
    const first = await sleeping(at('data:/data'));
    await put(tested, first, '/data', tarOf('/etc', 'hostname'));
    await tested.reopen();
    expect(await sh('ls /data', at('data:/data'))).toBe('hostname\n');
    await gone(tested.engine.containers.find(first.id));
    expect(mounted()).toBe(false);
    mount({ source: 'tmpfs', target: dataOf('data'), fstype: 'tmpfs', flags: [] });
    await tested.reopen();
    expect(mounted()).toBe(false);
  });
  test('that is a folder of the host, with read-only and nosuid by the volume', async () => {
    writeFileSync(join(host, 'f'), 'of the host\n');
    await volume('data', { type: 'none', device: host, o: 'bind,ro,nosuid' });
    expect(
      await sh('cat /data/f; touch /data/g 2>&1; grep -c nosuid /proc/mounts', at('data:/data')),
    ).toMatch(/^of the host\ntouch: \/data\/g: Read-only file system\n/);
    await removeVolume(tested.engine.volumes, 'data', users);
    expect(readdirSync(host)).toEqual(['f']);
  });
  test.each([
    [{ type: 'none', device: '/no/such', o: 'bind' }, 'mount /no/such:.*no such file or directory'],
    [{ type: 'nosuchfs', device: 'x' }, 'mount x:.*no such device'],
    [
      { type: 'nfs', device: ':/x', o: 'addr=127.0.0.1,password=open' },
      'mount :/x:.*addr=127.0.0.1,password=\\*+: ',
    ],
  ])('that the kernel refuses is told: %j', async (options, why) => {
    await volume('data', options as unknown as Record<string, string>);
    const container = await made(at('data:/data'));
    await expect(start(tested.engine, container)).rejects.toThrow(
      new RegExp(`failed to mount local volume: ${why}`),
    );
    expect(container.record.state).toMatchObject({ status: 'created', exitCode: 128 });
  });
  test('other options than the volume has are a conflict, the same or none are not', async () => {
    await volume('data', { type: 'tmpfs', device: 'tmpfs' });
    await volume('data', { device: 'tmpfs', type: 'tmpfs' });
    await volume('data', {});
    await expect(volume('data', { type: 'tmpfs', device: 'other' })).rejects.toThrow(
      'A volume named data already exists with other options',
    );
  });
});

describe('a part of a volume', () => {
  const part = (Subpath: string, more = {}) => ({
    Mounts: [{ Type: 'volume', Source: 'data', Target: '/p', VolumeOptions: { Subpath }, ...more }],
  });
  test('a folder or a file', async () => {
    await sh('mkdir -p /data/a/b; echo x > /data/a/b/f; ln -s a/b /data/way', at('data:/data'));
    expect(await sh('cat /p/f; touch /p/g 2>&1', part('a/b', { ReadOnly: true }))).toBe(
      'x\ntouch: /p/g: Read-only file system\n',
    );
    expect(await sh('cat /p', part('way/f'))).toBe('x\n');
    await expect(sh('true', part('nosuch'))).rejects.toThrow(
      'cannot access path nosuch of the volume: no such file or directory',
    );
  });
  test('never what a link in it leads to', async () => {
    await sh(`ln -s ${host} /data/out; ln -s ../../../.. /data/up`, at('data:/data'));
    for (const link of ['out', 'up', 'up/etc'])
      await expect(sh('true', part(link))).rejects.toThrow('it leads out of the volume');
  });
});

describe('copying', () => {
  test('into a volume and out of it, while the container runs, before it ever did, and after', async () => {
    const archive = tarOf('/etc', 'hostname');
    const fresh = await made(at('data:/deep/data', 'closed:/closed:ro'));
    await put(tested, fresh, '/deep/data', archive);
    expect(readdirSync(dataOf('data'))).toEqual(['hostname']);
    await expect(put(tested, fresh, '/closed', archive)).rejects.toThrow('marked read-only');
    const running = await sleeping(at('data:/data'));
    expect([...(await entriesOf(tested, running, '/data/.')).keys()]).toEqual(['./', './hostname']);
    await kill(tested.engine, running, 'SIGKILL');
    await exitOf(tested, running);
    expect([...(await entriesOf(tested, running, '/data')).keys()]).toEqual([
      'data/',
      'data/hostname',
    ]);
  });
  test('what is in a volume is neither exported nor a change', async () => {
    const container = await sleeping(at('data:/data'));
    await put(tested, container, '/data', tarOf('/etc', 'hostname'));
    const found = await exported(tested, container);
    expect([found.has('data/'), found.has('data/hostname')]).toEqual([true, false]);
    expect(await changes(tested.engine, container)).toEqual([
      { path: '/data', kind: changeKinds.added },
    ]);
  });
  test('a device is mounted for it', async () => {
    await volume('data', { type: 'none', device: host, o: 'bind' });
    await put(tested, await made(at('data:/data')), '/data', tarOf('/etc', 'hostname'));
    await expect
      .poll(() => readFileSync('/proc/self/mountinfo', 'utf8'))
      .not.toContain(dataOf('data'));
    expect(readdirSync(host)).toEqual(['hostname']);
  });
});

test('a broken record is set aside and stops nobody; the data stay', async () => {
  await sh('echo x > /data/f', at('data:/data', 'other:/other'));
  const { paths } = tested.engine;
  writeFileSync(paths.volume('data').record, '{');
  await tested.reopen();
  expect(names()).toEqual(['other']);
  const [aside = ''] = readdirSync(paths.volumes).filter((name) => name.startsWith('data.broken-'));
  expect(readFileSync(join(paths.volumes, aside, '_data/f'), 'utf8')).toBe('x\n');
  await tested.reopen();
  expect(readdirSync(paths.volumes)).toContain(aside);
  rmSync(join(paths.volumes, aside), { recursive: true });
});

test('events', async () => {
  const { events } = tested.engine;
  const seen: string[] = [];
  const stop = events.subscribe(({ type, action, id, attributes }) => {
    if (type === 'volume')
      seen.push(`${action} ${id} ${attributes.destination ?? ''}${attributes['read/write'] ?? ''}`);
  });
  const container = await launch(tested, ['true'], {}, { ...none, ...at('data:/data:ro') });
  await exitOf(tested, container);
  expect(await outputOf(tested, container)).toBe('');
  await gone(container);
  stop();
  expect(seen).toEqual(['create data ', 'mount data /datafalse', 'unmount data ']);
});
