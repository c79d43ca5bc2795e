/** Options of run and create as text: what they mean, and what of them is refused (B07, B08, S20). */
import { describe, expect, test } from 'vitest';
import { assertDevices, extraRules, parseRule } from '../../src/container/option/devices.ts';
import { logLimits } from '../../src/container/option/log-config.ts';
import { assertModes, sharesProcesses } from '../../src/container/option/modes.ts';
import { mountPoints } from '../../src/container/option/mount-points.ts';
import { security } from '../../src/container/option/security.ts';
import { sysctls } from '../../src/container/option/sysctls.ts';
import { parseTmpfs } from '../../src/container/option/tmpfs.ts';
import { assertUlimits } from '../../src/container/option/ulimits.ts';
import { anonymousVolume } from '../../src/container/option/volume-flag.ts';
import { inherited, parseVolumesFrom } from '../../src/container/option/volumes-from.ts';
import { InvalidError, NotBuiltError } from '../../src/errors/errors.ts';
import { HOST_CONFIG } from '../support/plan-input.ts';

describe('--tmpfs', () => {
  const safe = ['MS_NOSUID', 'MS_NODEV', 'MS_NOEXEC'];
  test.each([
    ['', safe, ''],
    ['size=64m,mode=1770,uid=1', safe, 'size=64m,mode=1770,uid=1'],
    ['exec,ro', ['MS_NOSUID', 'MS_NODEV', 'MS_RDONLY'], ''],
    ['ro,rw,size=1k,size=2k', safe, 'size=2k'],
    ['size=50%,nr_inodes=10k', safe, 'size=50%,nr_inodes=10k'],
  ])('%j', (text, flags, data) => {
    expect(parseTmpfs(text)).toEqual({ flags, data });
  });
  test.each([
    'size',
    'size=',
    'size=-1',
    'size=1z',
    'mode=999',
    'mode=0x7',
    'foo=1',
    'bind',
    'upperdir=/',
    'size=1 ',
    'uid=root',
    'toString',
    '__proto__=1',
    'size=1\n',
  ])('refuses %j', (text) => {
    expect(() => parseTmpfs(text)).toThrow(InvalidError);
  });
});

describe('mounts', () => {
  const of = (host: Parameters<typeof mountPoints>[0] | object) =>
    mountPoints({ Binds: null, VolumeDriver: '', ...host } as Parameters<typeof mountPoints>[0]);
  test('are sorted by depth, and normal', () => {
    const all = of({ Binds: ['/a//b/:/x/y/../z/', '/a:/x:ro,rslave'], Tmpfs: { '/t/u/v': '' } });
    expect(all.map(({ target }) => target)).toEqual(['/x', '/x/z', '/t/u/v']);
    expect(all[0]).toMatchObject({ readOnly: true, propagation: 'rslave', mode: 'ro,rslave' });
    expect(all[1]).toMatchObject({ source: '/a/b', readOnly: false, propagation: 'rprivate' });
  });
  test.each([
    ['/a:', 'invalid volume specification'],
    ['/a:ro', 'invalid volume specification'],
    [':/a', 'invalid volume specification'],
    ['/a:b', "invalid mount path: 'b' mount path must be absolute"],
    ['/a:/', "destination can't be '/'"],
    ['/a:/..', "destination can't be '/'"],
    ['/a:/x/../', "destination can't be '/'"],
    ['/a:/proc', 'inside /proc'],
    ['/a:/x/../proc/sys', 'inside /proc'],
    ['/a:/b:foo', 'invalid mode: foo'],
    ['/a:/b:ro,rw', 'invalid mode: ro,rw'],
    ['/a:/b:ro:z', 'invalid volume specification'],
    ['/a:/b:shared,slave', 'invalid mode'],
    [`/a:/${'n'.repeat(256)}`, 'longer than the kernel takes'],
    [`/a:/${'n/'.repeat(2100)}`, 'longer than the kernel takes'],
  ])('-v %j is refused', (bind, why) => {
    expect(() => of({ Binds: [bind] })).toThrow(InvalidError);
    expect(() => of({ Binds: [bind] })).toThrow(why);
  });
  test.each([
    [{}, 'mount type unknown'],
    [{ Type: 'foo', Target: '/x' }, 'invalid mount config for type "foo": mount type unknown'],
    [{ Type: 'bind', Target: '/x' }, 'field Source must not be empty'],
    [{ Type: 'bind', Source: '/x' }, 'field Target must not be empty'],
    [{ Type: 'bind', Source: 'x', Target: '/x' }, 'mount path must be absolute'],
    [{ Type: 'bind', Source: '/x', Target: '/x', TmpfsOptions: {} }, 'TmpfsOptions must not'],
    [
      { Type: 'bind', Source: '/x', Target: '/x', BindOptions: { Propagation: 'up' } },
      'invalid propagation mode: up',
    ],
    [{ Type: 'tmpfs', Source: '/x', Target: '/x' }, 'field Source must not be specified'],
    [
      { Type: 'tmpfs', Target: '/x', TmpfsOptions: { Options: [['bind']] } },
      'invalid tmpfs option',
    ],
  ])('--mount %j is refused', (spec, why) => {
    expect(() => of({ Mounts: [spec] })).toThrow(why);
  });
  test('two on one target, and too many, are refused', () => {
    expect(() => of({ Binds: ['/a:/x', '/b:/x/'] })).toThrow('Duplicate mount point: /x');
    expect(() => of({ Binds: ['/a:/x'], Tmpfs: { '/x': '' } })).toThrow('Duplicate mount point');
    const many = Array.from({ length: 10_000 }, (_, i) => `/a:/x${i}`);
    expect(() => of({ Binds: many })).toThrow('too many mounts');
  });
  test('what has no slash in front is the name of a volume', () => {
    const [first, second, third] = of({
      Binds: ['data:/x:ro,nocopy', '/y'],
      Mounts: [
        {
          Type: 'volume',
          Source: 'part',
          Target: '/z',
          VolumeOptions: { Subpath: 'a/../b', Labels: { k: 'v' }, NoCopy: true },
        },
      ],
    });
    expect(first).toMatchObject({
      name: 'data',
      readOnly: true,
      copies: false,
      isAnonymous: false,
    });
    expect(second).toMatchObject({ name: '', target: '/y', copies: true, isAnonymous: true });
    expect(third).toMatchObject({ name: 'part', subpath: 'a/../b', make: { labels: { k: 'v' } } });
  });
  test.each([
    ['a/b:/x', 'create a/b: "a/b" includes invalid characters for a local volume name'],
    ['../up:/x', 'If you intended to pass a host directory, use absolute path'],
    ['a:/x', 'volume name is too short'],
    ['data:/x:shared', 'field BindOptions must not be specified'],
    ['data:x', 'mount path must be absolute'],
    ['data:/proc', 'inside /proc'],
    [`${'n'.repeat(241)}:/x`, 'at most 240 characters'],
  ])('-v %j is refused', (bind, why) => {
    expect(() => of({ Binds: [bind] })).toThrow(InvalidError);
    expect(() => of({ Binds: [bind] })).toThrow(why);
  });
  test.each([
    [{ BindOptions: {} }, 'field BindOptions must not be specified'],
    [{ ReadOnly: true }, 'must not set ReadOnly mode when using anonymous volumes'],
    [{ VolumeOptions: { Subpath: 'a' } }, 'must not set Subpath when using anonymous volumes'],
    [
      { Source: 'data', VolumeOptions: { Subpath: '/a' } },
      'subpath must be a relative path within the volume',
    ],
    [
      { Source: 'data', VolumeOptions: { Subpath: 'a/../../b' } },
      'subpath must be a relative path within the volume',
    ],
    [{ VolumeOptions: { DriverConfig: { Name: 'other' } } }, 'plugin "other" not found'],
    [{ VolumeOptions: { DriverConfig: { Options: { x: 'y' } } } }, 'invalid option: "x"'],
  ])('--mount type=volume %j is refused', (spec, why) => {
    expect(() => of({ Mounts: [{ Type: 'volume', Target: '/x', ...spec }] })).toThrow(why);
  });
  test.each(['', '/', '/proc/x', 'data', '../etc', '/a/../../etc', '/x/..'])(
    'a VOLUME at %j is refused',
    (path) => {
      expect(() => anonymousVolume(path, '')).toThrow(InvalidError);
    },
  );
  test('--volumes-from', () => {
    expect(parseVolumesFrom('other')).toEqual({ container: 'other', readOnly: false });
    expect(parseVolumesFrom('other:ro')).toEqual({ container: 'other', readOnly: true });
    for (const spec of ['', 'other:x', 'other:nocopy', 'other:rslave', 'other:ro:z'])
      expect(() => parseVolumesFrom(spec), spec).toThrow(InvalidError);
    const mounts = of({ Binds: ['data:/x', '/h:/y'], Tmpfs: { '/t': '' } });
    expect(inherited(mounts, true)).toMatchObject([
      { type: 'volume', name: 'data', readOnly: true, copies: false },
      { type: 'bind', source: '/h', readOnly: true },
    ]);
  });
});

describe('--sysctl', () => {
  const of = (Sysctls: Record<string, string>, more = {}) =>
    sysctls({ Sysctls, NetworkMode: 'bridge', IpcMode: 'private', ...more });
  test('of the container’s own namespaces', () => {
    expect(
      of({ 'net.ipv4.ip_forward': '1', 'kernel.shm_rmid_forced': '1' }).map(({ path }) => path),
    ).toEqual(['/proc/sys/net/ipv4/ip_forward', '/proc/sys/kernel/shm_rmid_forced']);
  });
  test.each([
    'kernel.core_pattern',
    'kernel.hostname',
    'vm.swappiness',
    'fs.file-max',
    'net',
    'net.',
    'net..ipv4',
    'net.ipv4/../../kernel/core_pattern',
    'net/ipv4/ip_forward',
    'net.../kernel.sysrq',
    '/proc/sys/net.x',
    'net.ipv4.ip_forward\n',
    'NET.ipv4',
    '',
    'kernel.sem.x',
    'kernel.msg',
    `net.${'a'.repeat(300)}`,
    'fs.mqueue',
    'net.ипв4',
  ])('%j is refused', (key) => {
    expect(() => of({ [key]: '1' })).toThrow(InvalidError);
  });
  test.each(['', '1\n2', '1\0', '\u00e4', 'x'.repeat(2000), '1\r'])(
    'the value %j is refused',
    (value) => {
      expect(() => of({ 'net.ipv4.ip_forward': value })).toThrow('invalid value for sysctl');
    },
  );
  test.each(['host', 'container:abc'])('with the namespace of %s is refused', (mode) => {
    expect(() => of({ 'net.core.somaxconn': '1' }, { NetworkMode: mode })).toThrow(
      'not allowed in',
    );
    expect(() => of({ 'kernel.sem': '1' }, { IpcMode: mode })).toThrow('not allowed in');
  });
});

describe('the rest', () => {
  test('--security-opt', () => {
    expect(security(null)).toEqual({ noNewPrivileges: false, unconfined: false });
    expect(security(['seccomp=unconfined', 'no-new-privileges'])).toEqual({
      noNewPrivileges: true,
      unconfined: true,
    });
    expect(security(['label:disable', 'apparmor=unconfined', 'no-new-privileges:false'])).toEqual({
      noNewPrivileges: false,
      unconfined: false,
    });
    for (const bad of ['foo', 'foo=bar', 'no-new-privileges=maybe', 'label', 'seccomp', ''])
      expect(() => security([bad]), bad).toThrow(InvalidError);
    for (const profile of ['seccomp={}', 'apparmor=docker-default', 'label=type:x'])
      expect(() => security([profile]), profile).toThrow(NotBuiltError);
  });
  test('--log-opt', () => {
    const of = (Config: Record<string, string>, Type = 'json-file') => logLimits({ Type, Config });
    expect(of({})).toEqual({ maxBytes: 20 << 20, maxFiles: 3 });
    expect(of({ 'max-size': '1.5k', 'max-file': '7' })).toEqual({ maxBytes: 1536, maxFiles: 7 });
    expect(of({ 'max-size': '-1' }).maxBytes).toBe(0);
    for (const bad of [
      { 'max-size': 'x' },
      { 'max-size': '-5' },
      { 'max-size': '0' },
      { 'max-file': '0' },
      { 'max-file': '1.5' },
      { 'max-file': '9999' },
      { nosuch: '1' },
      { compress: 'true' },
    ])
      expect(() => of(bad as Record<string, string>), JSON.stringify(bad)).toThrow(InvalidError);
  });
  test('--ulimit', () => {
    assertUlimits([
      { Name: 'nofile', Soft: 1, Hard: -1 },
      { Name: 'core', Soft: -1, Hard: -1 },
    ]);
    for (const bad of [
      { Name: 'nofile', Soft: 2, Hard: 1 },
      { Name: 'nofile', Soft: -1, Hard: 1 },
      { Name: 'x', Soft: 1, Hard: 1 },
      { Name: 'NOFILE', Soft: 1, Hard: 1 },
    ])
      expect(() => assertUlimits([bad]), JSON.stringify(bad)).toThrow(InvalidError);
  });
  test('--device and --device-cgroup-rule', () => {
    const device = (PathOnHost: string, PathInContainer = '', CgroupPermissions = '') =>
      assertDevices({
        ...HOST_CONFIG,
        Devices: [{ PathOnHost, PathInContainer, CgroupPermissions }],
      });
    device('/dev/null');
    device('/dev/null', '/dev/a/b', 'mr');
    for (const bad of [
      ['dev/null'],
      ['/dev/null', 'x'],
      ['/dev/null', '/dev/x', 'rwx'],
      ['/dev/null', '/dev/x', 'rr'],
      ['/dev/null', '/etc/x'],
      ['/dev/null', '/dev/../etc/x'],
      ['/dev/null', '/dev/'],
    ] as [string][])
      expect(() => device(...bad), bad.join()).toThrow(InvalidError);
    expect(parseRule('c 1:* rw')).toEqual({ type: 'c', major: 1, minor: null, access: 'rw' });
    for (const bad of [
      '',
      'a',
      'c 1:3',
      'x 1:3 r',
      'c 1:3 rx',
      'c 1:3 rr',
      'c -1:3 r',
      'c 99999999999:1 r',
      'c 1:3 r\n',
      'c 4294967296:1 r',
    ])
      expect(() => parseRule(bad), bad).toThrow(InvalidError);
    expect(extraRules({ ...HOST_CONFIG, Privileged: true }, [])).toBeUndefined();
  });
  test('modes', () => {
    const of = (more: object) => assertModes({ ...HOST_CONFIG, ...more });
    of({ PidMode: 'container:x', IpcMode: 'shareable', UTSMode: 'host' });
    for (const bad of [
      { PidMode: 'foo' },
      { PidMode: 'container:' },
      { IpcMode: 'public' },
      { UTSMode: 'container:x' },
      { NetworkMode: 'container:' },
    ])
      expect(() => of(bad), JSON.stringify(bad)).toThrow(InvalidError);
    expect(
      [{ PidMode: '' }, { PidMode: 'host' }, { PidMode: 'container:x' }].map(sharesProcesses),
    ).toEqual([false, true, true]);
  });
});
