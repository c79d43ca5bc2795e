/** Folders and files of the host in a container: what is seen, what may be written, and that nothing leads out. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { HostConfig, MountSpec } from '../../src/container/config.ts';
import { remove } from '../../src/container/remove.ts';
import { mount, umount2 } from '../../src/kernel/mount-calls.ts';
import { type Census, census, expectNoLeak } from '../support/census.ts';
import { launch, openTestEngine, run, type TestEngine } from '../support/engine.ts';

let tested: TestEngine;
let before: Census;
/** A folder of the host. */
let host: string;
beforeAll(async () => {
  tested = await openTestEngine();
  await run(tested, ['true']);
});
beforeEach(async () => {
  host = mkdtempSync(join(tmpdir(), 'petri-bind-'));
  before = await census({ bridge: tested.options.bridge, runRoot: tested.options.execRoot });
});
afterEach(async () => {
  for (const container of tested.engine.containers.all())
    await remove(tested.engine, container, { force: true, volumes: true });
  rmSync(host, { recursive: true });
  await expectNoLeak(before);
});
afterAll(() => tested.close());

const sh = async (script: string, config: Partial<HostConfig>) =>
  (await run(tested, ['sh', '-c', script], {}, { NetworkMode: 'none', ...config })).output;
const bind = (mode = '') => ({ Binds: [`${host}:/data${mode && `:${mode}`}`] });
const mounts = (...specs: MountSpec[]) => ({ Mounts: specs });

describe('-v', () => {
  test('shows a folder of the host, and writes go to it', async () => {
    writeFileSync(join(host, 'a'), 'from the host\n');
    expect(await sh('cat /data/a; echo from inside > /data/b', bind())).toBe('from the host\n');
    expect(readFileSync(join(host, 'b'), 'utf8')).toBe('from inside\n');
  });
  test('on a place deep in the image, which is made, and through a link of the image', async () => {
    writeFileSync(join(host, 'a'), 'x\n');
    expect(await sh('cat /srv/one/two/a', { Binds: [`${host}:/srv/one/two`] })).toBe('x\n');
    expect(await sh('stat -c %a:%u /srv/one', { Binds: [`${host}:/srv/one/two`] })).toBe('755:0\n');
  });
  test('a file on a file that is made, is there, or is of the engine', async () => {
    const file = join(host, 'file');
    writeFileSync(file, '10.9.8.7 me\n');
    for (const target of ['/new/file', '/etc/passwd', '/etc/hosts', '/dev/file'])
      expect(await sh(`cat ${target}`, { Binds: [`${file}:${target}`] }), target).toBe(
        '10.9.8.7 me\n',
      );
  });
  test('over all of /etc: the engine’s files are in it still', async () => {
    expect(
      await sh('hostname > /tmp/h; cmp /tmp/h /etc/hostname && ls /etc | tr "\\n" " "', {
        Binds: [`${host}:/etc`],
      }),
    ).toBe('hostname hosts resolv.conf ');
  });
  test('a source that is not there is made, root’s and open to all', async () => {
    const source = join(host, 'not/there');
    await sh('touch /data/x', { Binds: [`${source}:/data`] });
    const { mode, uid } = statSync(source);
    expect([mode & 0o777, uid, readdirSync(source)]).toEqual([0o755, 0, ['x']]);
  });
  test('one in another, the outer first, however they are ordered', async () => {
    mkdirSync(join(host, 'in'));
    writeFileSync(join(host, 'in/file'), 'inner\n');
    const Binds = [`${host}/in:/data/deep/er`, `${host}:/data`];
    expect(await sh('cat /data/deep/er/file', { Binds })).toBe('inner\n');
  });
  test('a folder on a file says what is wrong', async () => {
    await expect(sh('true', { Binds: [`${host}:/etc/passwd`] })).rejects.toThrow(
      /ENOTDIR.*a folder can be mounted on a folder only/,
    );
  });
  test('below /dev and /sys', async () => {
    writeFileSync(join(host, 'a'), 'x\n');
    expect(await sh('cat /dev/mine/a', { Binds: [`${host}:/dev/mine`] })).toBe('x\n');
    expect(await sh('ls /sys/fs/cgroup', { Binds: [`${host}:/sys/fs/cgroup`] })).toBe('a\n');
    await expect(sh('true', { Binds: [`${host}:/dev/fd/x`] })).rejects.toThrow(
      /ELOOP|ENOENT|symbolic/,
    );
  });
});

describe('read-only', () => {
  const withSubmounts = async (use: () => Promise<void>) => {
    const places = ['a', 'a/b', 'c'].map((name) => join(host, name));
    try {
      for (const place of places) {
        mkdirSync(place);
        mount({ source: 'tmpfs', target: place, fstype: 'tmpfs', flags: [] });
      }
      await use();
    } finally {
      for (const place of places.toReversed()) umount2(place, ['MNT_DETACH']);
    }
  };
  const attempt =
    'for d in /data /data/a /data/a/b /data/c; do touch $d/x 2>/dev/null && echo $d; done';

  test('holds for the mounts below too', () =>
    withSubmounts(async () => {
      expect(await sh(attempt, bind('ro'))).toBe('');
      expect(await sh(attempt, bind())).toBe('/data\n/data/a\n/data/a/b\n/data/c\n');
    }));
  test('unless asked for otherwise', () =>
    withSubmounts(async () => {
      const one = { Type: 'bind', Source: host, Target: '/data', ReadOnly: true };
      const options = { ReadOnlyNonRecursive: true };
      expect(await sh(attempt, mounts({ ...one, BindOptions: options }))).toBe(
        '/data/a\n/data/a/b\n/data/c\n',
      );
      expect(await sh('ls /data/a', mounts({ ...one, BindOptions: { NonRecursive: true } }))).toBe(
        '',
      );
    }));
  test('and a root that is read-only leaves binds as they are', async () => {
    expect(
      await sh('touch /data/x && echo ok; touch /x 2>&1', { ...bind(), ReadonlyRootfs: true }),
    ).toBe('ok\ntouch: /x: Read-only file system\n');
  });
});

describe('propagation', () => {
  const inHost = async (propagation: string, use: (seen: (file: string) => boolean) => void) => {
    const container = await launch(
      tested,
      ['sleep', '1000'],
      {},
      { NetworkMode: 'none', ...bind(propagation) },
    );
    const { pid } = container.record.state as { pid: number };
    use(
      (file) => statSync(`/proc/${pid}/root/data/${file}`, { throwIfNoEntry: false }) !== undefined,
    );
  };
  const mountLater = () => {
    mount({ source: 'tmpfs', target: join(host, 'later'), fstype: 'tmpfs', flags: [] });
    writeFileSync(join(host, 'later/file'), '');
  };
  test.each([
    ['rslave', true],
    ['rshared', true],
    ['rprivate', false],
    ['', false],
  ])('%s: what the host mounts later is seen: %s', async (propagation, isSeen) => {
    mkdirSync(join(host, 'later'));
    mount({ source: host, target: host, fstype: null, flags: ['MS_BIND'] });
    mount({ source: null, target: host, fstype: null, flags: ['MS_SHARED'] });
    try {
      await inHost(propagation, (seen) => {
        mountLater();
        expect(seen('later/file')).toBe(isSeen);
        umount2(join(host, 'later'), ['MNT_DETACH']);
      });
    } finally {
      umount2(host, ['MNT_DETACH']);
    }
  });
});

test.each([
  ['rshared', 'shared'],
  ['slave', 'shared or slave'],
])('%s of a folder on a mount that nobody hears of is refused', async (propagation, what) => {
  mount({ source: host, target: host, fstype: null, flags: ['MS_BIND'] });
  mount({ source: null, target: host, fstype: null, flags: ['MS_PRIVATE'] });
  try {
    await expect(sh('true', bind(propagation))).rejects.toThrow(
      `path ${host} is mounted on ${host} but it is not a ${what} mount`,
    );
  } finally {
    umount2(host, ['MNT_DETACH']);
    for (const container of tested.engine.containers.all())
      await remove(tested.engine, container, { force: true, volumes: true });
  }
});

describe('--mount', () => {
  test('type=bind refuses a source that is not there, and makes nothing', async () => {
    const spec = { Type: 'bind', Source: `${host}/nosuch`, Target: '/data' };
    await expect(sh('true', mounts(spec))).rejects.toThrow(
      `invalid mount config for type "bind": bind source path does not exist: ${host}/nosuch`,
    );
    expect(readdirSync(host)).toEqual([]);
  });
  test('type=tmpfs', async () => {
    const TmpfsOptions = { SizeBytes: 65536, Mode: 0o700 };
    expect(
      await sh('grep " /t " /proc/mounts', mounts({ Type: 'tmpfs', Target: '/t', TmpfsOptions })),
    ).toBe('tmpfs /t tmpfs rw,nosuid,nodev,noexec,relatime,size=64k,mode=700 0 0\n');
  });
});

describe('links that would lead elsewhere', () => {
  test('in a shared folder: the mount lands in the container, never on the host', async () => {
    const [canary, shared] = [join(host, 'canary'), join(host, 'shared')] as const;
    for (const folder of [canary, shared]) mkdirSync(folder);
    symlinkSync('/tmp', join(shared, 'absolute'));
    symlinkSync('../../../../../../..', join(shared, 'up'));
    symlinkSync(canary, join(shared, 'host'));
    const onLink = (name: string) => ({ Binds: [`${shared}:/data`, `${host}:/data/${name}/x`] });
    expect(await sh('ls /tmp/x', { ...onLink('absolute') })).toBe('canary\nshared\n');
    expect(await sh('ls /x', { ...onLink('up') })).toBe('canary\nshared\n');
    await expect(sh('true', onLink('host'))).rejects.toThrow('openat2(host): ENOENT');
    expect(readdirSync(canary)).toEqual([]);
  });
  test('a link to what the engine holds open is refused', async () => {
    const shared = join(host, 'shared');
    mkdirSync(shared);
    for (let fd = 0; fd < 64; fd++) symlinkSync(`/proc/self/fd/${fd}`, join(shared, `${fd}`));
    for (let fd = 3; fd < 64; fd += 7)
      await expect(
        sh('true', { Binds: [`${shared}:/data`, `${host}:/data/${fd}/x`] }),
      ).rejects.toThrow('failed');
    expect(readdirSync(host)).toEqual(['shared']);
  });
  test('to /proc: it is covered by the true one', async () => {
    const shared = join(host, 'shared');
    mkdirSync(shared);
    symlinkSync('/proc', join(shared, 'p'));
    const Binds = [`${shared}:/data`, `${shared}:/data/p`];
    expect(await sh('cat /proc/self/comm', { Binds })).toBe('cat\n');
  });
});
