/** The plan is a pure function: whole lists are compared with golden files (`UPDATE=1 make test` renews). */
import { describe, expect, test } from 'vitest';
import { planContainer } from '../../src/container/plan/plan.ts';
import { encodePlan } from '../../src/step/encode.ts';
import { isSlot, type Step } from '../../src/step/step.ts';
import { planInput, V1, V2 } from '../support/plan-input.ts';

const OTHER = { pid: 4711, startTicks: 99, bootId: 'boot' };

const moreLimits = {
  OomKillDisable: true,
  MemorySwappiness: 10,
  BlkioWeight: 300,
  BlkioWeightDevice: [{ Path: '/dev/sda', Weight: 1000 }],
  BlkioDeviceReadBps: [{ Path: '/dev/sda', Rate: 1048576 }],
  BlkioDeviceWriteIOps: [{ Path: '/dev/sda', Rate: 100 }],
};

const DATA = '/var/lib/petri/volumes';
const volume = { type: 'volume' as const, mode: 'z', copies: true, isAnonymous: false };
const make = { driver: '', labels: null, options: null };
const volumes = {
  record: {
    ...planInput().record,
    mounts: [
      { ...volume, name: 'data', target: '/data', readOnly: false, subpath: '', make },
      { ...volume, name: 'shared', target: '/etc/app', readOnly: true, subpath: 'conf', make },
      { ...volume, name: 'shared', target: '/etc/f', readOnly: false, subpath: 'one/file', make },
    ],
  },
  volumeSources: new Map([
    ['/data', { path: `${DATA}/data/_data`, kind: 'directory' as const }],
    ['/etc/app', { path: `${DATA}/shared/_data`, kind: 'directory' as const }],
    ['/etc/f', { path: `${DATA}/shared/_data`, kind: 'file' as const }],
  ]),
};

const variants = {
  v2: planInput(),
  v1: planInput({}, {}, { facts: { ...planInput().facts, cgroup: V1 } }),
  terminal: planInput({ Tty: true, OpenStdin: true }),
  volumes: planInput({}, {}, volumes),
  'limits-v2': planInput({}, { Memory: 64 << 20, NanoCpus: 5e8, CpuShares: 512, PidsLimit: 20 }),
  'limits-v1': planInput(
    {},
    { Memory: 64 << 20, NanoCpus: 5e8, CpuShares: 512, PidsLimit: 20 },
    { facts: { ...planInput().facts, cgroup: V1 } },
  ),
  'limits-more-v1': planInput({}, moreLimits, {
    facts: { ...planInput().facts, cgroup: V1 },
    blockDevices: new Map([['/dev/sda', '8:0']]),
  }),
  'limits-more-v2': planInput({}, moreLimits, { blockDevices: new Map([['/dev/sda', '8:0']]) }),
  'cgroup-parent-v1': planInput(
    {},
    { CgroupParent: '/build/ci' },
    {
      facts: { ...planInput().facts, cgroup: V1 },
      parentGroups: {
        missing: [
          '/sys/fs/cgroup/cpu/build/ci',
          '/sys/fs/cgroup/cpuset/build',
          '/sys/fs/cgroup/cpuset/build/ci',
        ],
        cpuset: { cpus: '0-1', mems: '0' },
      },
    },
  ),
  'cgroup-parent-v2': planInput(
    {},
    { CgroupParent: 'build/ci' },
    { parentGroups: { missing: ['/sys/fs/cgroup/build', '/sys/fs/cgroup/build/ci'] } },
  ),
  'user-workdir-read-only': planInput(
    { WorkingDir: '/srv/app', User: 'www-data' },
    { ReadonlyRootfs: true, CapAdd: ['SYS_PTRACE'], CapDrop: ['MKNOD'] },
    { identity: { uid: 33, gid: 33, groups: [33], home: '/var/www' } },
  ),
  'host-network': planInput({}, { NetworkMode: 'host' }, { network: [], netns: 'host' }),
  mounts: planInput(
    {},
    {
      Binds: ['/srv/data:/data:ro', '/srv/made:/made:rslave', '/srv/file:/etc/app.conf'],
      Tmpfs: { '/data/cache': 'size=1m', '/dev/shm': '' },
      ReadonlyRootfs: true,
    },
    {
      bindSources: new Map([
        ['/srv/data', 'directory'],
        ['/srv/made', 'missing'],
        ['/srv/file', 'file'],
      ]),
      missingFolders: ['/srv/made'],
    },
  ),
  'init-sysctls-devices': planInput(
    {},
    {
      Init: true,
      Sysctls: { 'net.core.somaxconn': '99' },
      SecurityOpt: ['no-new-privileges'],
      DeviceCgroupRules: ['c 10:* rw'],
      Ulimits: [{ Name: 'nofile', Soft: 100, Hard: 200 }],
    },
    {
      devices: [
        {
          path: '/dev/snd/seq',
          type: 'c',
          major: 116,
          minor: 1,
          mode: 0o660,
          uid: 0,
          gid: 29,
          access: 'rw',
        },
      ],
    },
  ),
  'joined-v1': planInput(
    {},
    {
      NetworkMode: 'container:aa',
      PidMode: 'container:aa',
      IpcMode: 'container:aa',
      CgroupnsMode: 'host',
    },
    {
      network: [],
      joined: { net: OTHER, pid: OTHER, ipc: OTHER },
      facts: { ...planInput().facts, cgroup: V1 },
    },
  ),
  privileged: planInput({}, { Privileged: true, IpcMode: 'host', PidMode: 'host' }),
  'privileged-v1': planInput(
    {},
    { Privileged: true, IpcMode: 'none' },
    { facts: { ...planInput().facts, cgroup: V1 } },
  ),
  'old-kernel': planInput(
    {},
    {},
    { facts: { ...planInput().facts, cgroup: V2, overlayLowerdirPlus: false } },
  ),
};

const plans = Object.entries(variants).map(
  ([name, input]) => [name, planContainer(input)] as const,
);

const index = (plan: readonly Step[], found: (step: Step) => boolean) => plan.findIndex(found);
const call = (name: string) => (step: Step) => step.call === name;

describe.each(plans)('plan %s', (name, plan) => {
  test('is the golden one', async () => {
    await expect(`${JSON.stringify(plan, null, 1)}\n`).toMatchFileSnapshot(
      `golden/plan-${name}.json`,
    );
  });

  test('numbers its steps from 1, the supervisor’s first, then the shim’s, then init’s', () => {
    expect(plan.map(({ n }) => n)).toEqual(plan.map((_, i) => i + 1));
    const order = ['supervisor', 'shim', 'init'];
    const actors = plan.map(({ actor }) => order.indexOf(actor));
    expect(actors).toEqual(actors.toSorted((a, b) => a - b));
    expect(plan.findLast(({ actor }) => actor === 'shim')?.call).toBe('clone3');
    expect(plan.at(-1)?.call).toBe('execve');
  });

  test('uses a descriptor only after a step has produced it', () => {
    const known = new Set(['netns.home', 'netlink.host', 'docker-init']);
    for (const { args, n } of plan) {
      for (const [key, value] of Object.entries(args))
        if (isSlot(value) && !['out', 'read', 'write', 'pidfd'].includes(key))
          expect(known, `step ${n} ${key}`).toContain(value.slot);
      for (const key of ['out', 'read', 'write', 'pidfd'])
        if (isSlot(args[key])) known.add(args[key].slot);
    }
  });

  test('can be sent to the shim', () => {
    const inherited = new Map([
      ['netns', 10],
      ['cgroup', 11],
      ['pidns', 12],
      ['ipcns', 13],
      ['docker-init', 14],
    ]);
    expect(encodePlan(shim, plan, inherited).length).toBeGreaterThan(1000);
  });

  test('leaves the host before it mounts, and drops rights in the only safe order', () => {
    const pivot = index(plan, call('pivot_root'));
    expect(index(plan, ({ args }) => args.fstype === 'proc')).toBeGreaterThan(pivot);
    const order = [
      'capbset',
      'setgroups',
      'setresgid',
      'setresuid',
      'capset',
      'getcwd',
      'close_range',
      'execve',
    ];
    const places = order.map((each) => index(plan, call(each)));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places[0]).toBeGreaterThan(pivot);
  });

  test('says why of every step, and how a shell would do it', () => {
    for (const step of plan) {
      expect(step.why.length, `step ${step.n}`).toBeGreaterThan(5);
      expect(step.sh, `step ${step.n}`).not.toBe('');
      expect(step.see).toMatch(/^[\w.-]+\(\d\)$/);
    }
  });
});

const shim = {
  id: 'c0ffee',
  logPath: '/log',
  logMaxBytes: 0,
  logMaxFiles: 1,
  clients: 1,
  terminal: false,
  stdinOpen: false,
  stdinOnce: false,
  rows: 0,
  columns: 0,
};

describe('127 layers on a kernel before `lowerdir+`', () => {
  const layers = (count: number) =>
    Array.from(
      { length: count },
      (_, i) => `/var/lib/petri/layers/${String(i).padStart(64, '0')}/diff`,
    );
  const facts = { ...planInput().facts, cgroup: V2, overlayLowerdirPlus: false };
  const stepsOf = (lowerDirs: readonly string[]) =>
    planContainer(planInput({}, {}, { facts, lowerDirs })).filter(
      ({ phase }) => phase === 'rootfs',
    );

  test('are mounted by short names, in their order, and the options fit on a page', () => {
    const steps = stepsOf(layers(128));
    const links = steps.filter(call('symlink')).map(({ args }) => args);
    expect(links.map(({ target }) => target)).toEqual(layers(128));
    const overlay = steps.find(({ args }) => args.fstype === 'overlay');
    const data = String(overlay?.args.data);
    expect(data.length).toBeLessThan(4096);
    expect(/^lowerdir=([^,]*),/.exec(data)?.[1]).toBe(links.map(({ path }) => path).join(':'));
    const tmpfs = steps.findIndex(
      ({ args }) => args.fstype === 'tmpfs' && args.target === overlay?.args.target,
    );
    expect(tmpfs).toBeGreaterThan(0);
    expect(steps[tmpfs + 1]).toMatchObject({ call: 'chdir', args: { path: overlay?.args.target } });
  });

  test('are not needed for a few', () => {
    expect(stepsOf(layers(9)).filter(call('symlink'))).toEqual([]);
  });
});
