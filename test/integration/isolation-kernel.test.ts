/**
 * The host's kernel as a container can reach it: control groups, /proc and /sys, devices, mounts, the old root
 * (THREATS S19, S20, S21, S23, S24). Each defence is taken out of the plan once, and the attack succeeds.
 */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MASKED } from '../../src/container/plan/protect.ts';
import { parseMountinfo } from '../../src/kernel/mountinfo.ts';
import type { Step } from '../../src/step/step.ts';
import { run } from '../support/engine.ts';
import {
  type Alteration,
  type Arena,
  altered,
  answers,
  openArena,
  without,
} from '../support/probe.ts';

let arena: Arena;
beforeAll(async () => {
  arena = await openArena();
});
afterAll(() => arena.close());

const probe = async (args: string[], hostConfig = {}) =>
  (await run(arena, ['/probe', ...args], { Image: 'probe' }, hostConfig)).output;
const sh = async (script: string, hostConfig = {}) =>
  (await run(arena, ['sh', '-c', script], { Image: 'probe' }, hostConfig)).output;
const open = async (how: 'read' | 'write', paths: readonly string[], hostConfig = {}) =>
  answers(await probe([how, ...paths], hostConfig));
/** Those of the answers that say it worked. */
const succeeded = (given: Record<string, string>) =>
  Object.keys(given).filter((path) => given[path]?.startsWith('ok'));

/** Mounts lose MS_RDONLY. */
const writable =
  (is: (step: Step) => boolean): Alteration =>
  (step) =>
    is(step)
      ? {
          ...step,
          args: {
            ...step.args,
            flags: (step.args.flags as string[]).filter((flag) => flag !== 'MS_RDONLY'),
          },
        }
      : step;
const isMountOf =
  (...types: string[]) =>
  ({ call, args }: Step) =>
    call === 'mount' && types.includes(String(args.fstype));

describe('control groups (S19)', () => {
  const isV2 = () => arena.engine.facts.cgroup.mode === 'v2';
  const files = () =>
    isV2()
      ? ['memory.max', 'pids.max', 'cgroup.procs', 'cgroup.subtree_control']
      : [
          'memory/memory.limit_in_bytes',
          'pids/pids.max',
          'memory/tasks',
          'devices/devices.allow',
          'memory/notify_on_release',
        ];
  const paths = () => files().map((file) => `/sys/fs/cgroup/${file}`);

  test('cannot be mounted once more', async () => {
    const attempt = (type: string, data: string, hostConfig = {}) =>
      probe(['mount', 'x', '/tmp/cg', type, data], hostConfig);
    expect(answers(await attempt('cgroup', 'memory'))).toEqual({ mount: 'EPERM' });
    expect(answers(await attempt('cgroup2', ''))).toEqual({ mount: 'EPERM' });
    expect(answers(await attempt('tmpfs', ''))).toEqual({ mount: 'EPERM' });
    const able = { CapAdd: ['SYS_ADMIN'] };
    expect(answers(await attempt('tmpfs', '', able))).toEqual({ mount: 'ok' });
  });

  test('cannot be written: no own limit can be raised, no process moved, no device allowed', async () => {
    const denied = await open('write', paths());
    expect(Object.values(denied)).toEqual(files().map(() => 'EROFS'));
    const given = await altered(arena, writable(isMountOf('cgroup', 'cgroup2')), () =>
      open('write', paths()),
    );
    expect(succeeded(given)).toEqual(paths());
  });

  test('show the own group as the root', async () => {
    const groups = () =>
      sh(
        'cut -d: -f3 /proc/self/cgroup | sort -u; ls -d /sys/fs/cgroup/petri /sys/fs/cgroup/*/petri',
      );
    expect(await groups()).toMatch(/^\/\nls: /);
    const shared = without(
      ({ call, args }) => call === 'unshare' && String(args.flags) === 'CLONE_NEWCGROUP',
    );
    expect(await altered(arena, shared, groups)).toMatch(/\/petri\/[0-9a-f]{64}\n/);
  });
});

describe('files of the kernel (S20)', () => {
  const sys = (names: string) => names.split(' ').map((name) => `/proc/sys/${name}`);
  const forbidden = [
    ...sys(
      'kernel/core_pattern kernel/modprobe kernel/hotplug kernel/sysrq kernel/panic kernel/pid_max',
    ),
    ...sys(
      'kernel/randomize_va_space kernel/kptr_restrict kernel/dmesg_restrict kernel/perf_event_paranoid',
    ),
    ...sys(
      'kernel/threads-max kernel/core_pipe_limit kernel/panic_on_oops kernel/yama/ptrace_scope kernel/hostname',
    ),
    ...sys('vm/drop_caches vm/overcommit_memory vm/panic_on_oom vm/swappiness vm/mmap_min_addr'),
    ...sys(
      'fs/file-max fs/suid_dumpable fs/protected_symlinks fs/binfmt_misc/register net/ipv4/ip_forward',
    ),
    ...[
      'sysrq-trigger',
      'irq/default_smp_affinity',
      'bus/pci/devices',
      'bus/input/devices',
      'fs/ext4',
      'mtrr',
      'kmsg',
    ].map((name) => `/proc/${name}`),
    '/sys/kernel/uevent_helper',
    '/sys/kernel/uevent_seqnum',
    '/sys/kernel/mm/transparent_hugepage/enabled',
    '/sys/kernel/rcu_expedited',
    '/sys/kernel/profiling',
    '/sys/power/state',
    '/sys/power/disk',
    '/sys/module/kernel/parameters/panic',
    '/sys/bus/pci/rescan',
    '/sys/devices/system/cpu/cpu0/online',
    '/sys/class/net/lo/mtu',
  ];

  test('cannot be opened for writing', async () => {
    expect(forbidden.length).toBeGreaterThanOrEqual(40);
    expect(succeeded(await open('write', forbidden))).toEqual([]);
  });

  test('could be without the steps that make them read-only', async () => {
    const given = await altered(
      arena,
      without(({ phase }) => phase === 'protect'),
      () => open('write', forbidden),
    );
    expect(succeeded(given)).toEqual(
      expect.arrayContaining(sys('kernel/core_pattern kernel/panic vm/drop_caches')),
    );
    const sysfs = await altered(arena, writable(isMountOf('sysfs')), () =>
      open('write', forbidden),
    );
    expect(succeeded(sysfs)).toContain('/sys/kernel/mm/transparent_hugepage/enabled');
  });

  test('that tell of the host read as empty', async () => {
    const there = MASKED.filter((path) => existsSync(path));
    const isFolder = (path: string) => statSync(path).isDirectory();
    const files = there.filter((path) => !isFolder(path));
    const folders = there.filter(isFolder);
    expect(files.length).toBeGreaterThan(1);
    const look = () => open('read', files);
    const list = () => sh(`ls -A ${folders.join(' ')} | grep -v :$`);
    expect(new Set(Object.values(await look()))).toEqual(new Set(['ok 0']));
    expect((await list()).trim()).toBe('');
    const bare = without(({ phase }) => phase === 'protect');
    expect(Object.values(await altered(arena, bare, look))).toContain('ok 1');
    if (folders.length) expect((await altered(arena, bare, list)).trim()).not.toBe('');
  });
});

describe('devices (S21)', () => {
  // None of the host's is opened even if the filter fails: only 1:11, and only in the counter-proof.
  const hostile =
    'c:1:1 c:1:2 c:1:4 c:1:11 c:4:0 c:4:1 c:4:64 c:5:1 c:7:0 c:10:183 c:10:200 c:10:229 c:10:232 c:10:235 c:10:236 ' +
    'c:10:237 c:13:63 c:21:0 c:29:0 c:116:1 c:226:0 b:1:0 b:7:0 b:8:0 b:8:1 b:9:0 b:11:0 b:252:0 b:253:0 b:254:0 b:259:0';
  const harmless = ['c:1:3', 'c:1:5', 'c:1:7', 'c:1:8', 'c:1:9'];
  const nodes = async (list: readonly string[], hostConfig = {}) =>
    answers(await probe(['nodes', ...list], hostConfig));

  test('made by mknod cannot be opened, but for the harmless ones', async () => {
    const list = hostile.split(' ');
    expect(list.length).toBeGreaterThanOrEqual(30);
    const given = await nodes([...list, ...harmless]);
    expect(list.filter((each) => given[each] !== 'EPERM')).toEqual([]);
    expect(succeeded(given)).toEqual(harmless);
  });

  test('of the host open when the filter is left out', async () => {
    const filter = ({ phase, call, args }: Step) =>
      phase === 'cgroup' && (call === 'BPF_PROG_ATTACH' || String(args.path).includes('/devices.'));
    const log = () => nodes(['c:1:11'], { CapAdd: ['SYSLOG'] });
    expect(await log()).toEqual({ 'c:1:11': 'EPERM' });
    expect(await altered(arena, without(filter), log)).toEqual({ 'c:1:11': 'ok' });
  });
});

describe('the old root and the table of mounts (S23)', () => {
  const isUmount = ({ call, phase }: Step) => call === 'umount2' && phase === 'rootfs';
  const isPivot = ({ call, phase, args }: Step) =>
    isUmount({ call, phase } as Step) ||
    call === 'pivot_root' ||
    (phase === 'rootfs' && args.path === '/');

  /** Mounts of the container that show a folder of the host, but for overlay's options. */
  const hostMounts = async () => {
    const { dataRoot } = arena.options;
    return parseMountinfo(await sh('cat /proc/self/mountinfo'))
      .filter(
        ({ root, source, target }) =>
          [root, source, target].some((path) => path.includes(dataRoot)) ||
          source.startsWith('/dev/'),
      )
      .map(({ target }) => target);
  };

  test('show nothing of the host but the three files the engine lends', async () => {
    expect(await hostMounts()).toEqual(['/etc/hosts', '/etc/hostname', '/etc/resolv.conf']);
    const seen = await altered(arena, without(isUmount), hostMounts);
    expect(seen.length).toBeGreaterThan(3);
  });

  test('leave no way back, not even by the old way out of a chroot', async () => {
    const [inside, escaped] = (await sh('stat -c %d:%i /; /probe escape')).split('\n');
    expect(escaped).toMatch(/^\d+:\d+$/);
    expect(escaped).toBe(inside);
    writeFileSync(join(arena.scratch, 'secret'), 'of the host');
    const read = () => sh(`cat ${arena.scratch}/secret`);
    expect(await read()).toContain('No such file');
    expect(await altered(arena, without(isPivot), read)).toBe('of the host');
  });

  test('mounts made inside do not show on the host, even if its mounts are shared', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'petri-shared-'));
    const visible = () =>
      readFileSync('/proc/self/mountinfo', 'utf8')
        .split('\n')
        .filter((line) => line.includes(` ${dir}/`));
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', dir]);
    execFileSync('mount', ['--make-shared', dir]);
    mkdirSync(join(dir, 'data'));
    const shared = await openArena({ dataRoot: join(dir, 'data') });
    try {
      const attack = () =>
        run(
          shared,
          ['sh', '-c', 'mount -t tmpfs x /mnt || mkdir /m && mount -t tmpfs x /m && echo mounted'],
          { Image: 'probe' },
          { CapAdd: ['SYS_ADMIN'] },
        );
      expect((await attack()).output).toContain('mounted');
      expect(visible()).toEqual([]);
      const isPrivate = ({ call, args }: Step) =>
        call === 'mount' && String(args.flags).includes('MS_PRIVATE');
      await altered(shared, without(isPrivate), () => attack().catch(() => undefined));
      expect(visible().join()).toContain('overlay');
      for (const line of visible()) execFileSync('umount', ['-l', line.split(' ')[4] as string]);
    } finally {
      await shared.close();
      execFileSync('umount', ['-l', dir]);
      rmdirSync(dir);
    }
  });
});

describe('a read-only root (S24)', () => {
  const paths = [
    '/etc/passwd',
    '/bin/busybox',
    '/probe',
    '/etc/hosts',
    '/etc/hostname',
    '/etc/resolv.conf',
    '/.dockerenv',
  ];
  const attack = () => open('write', paths, { ReadonlyRootfs: true });

  test('cannot be written anywhere, nor the files the engine lends', async () => {
    expect(await attack()).toEqual(
      Object.fromEntries(paths.map((path) => [path, expect.stringMatching(/EROFS|ETXTBSY/)])),
    );
    expect(await sh('touch /x; mkdir /etc/y; rm /etc/passwd', { ReadonlyRootfs: true })).toMatch(
      /(.*Read-only.*\n){3}/,
    );
  });

  test('can be without its steps, each for itself', async () => {
    const root = ({ call, args }: Step) => call === 'mount_setattr' && args.path === '/';
    const files = ({ call, args }: Step) => call === 'mount_setattr' && args.path === '';
    const byRoot = succeeded(await altered(arena, without(root), attack));
    const byFiles = succeeded(await altered(arena, without(files), attack));
    expect(byRoot).toEqual(['/etc/passwd', '/bin/busybox', '/.dockerenv']);
    expect(byFiles).toEqual(['/etc/hosts', '/etc/hostname', '/etc/resolv.conf']);
  });
});
