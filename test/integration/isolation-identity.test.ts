/**
 * Who a container is and what it may use up: capabilities, groups, sessions, processes, memory (THREATS S14, S15, S71,
 * S72). Each defence is taken out of the plan once, and the difference is seen.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Step } from '../../src/step/step.ts';
import { run } from '../support/engine.ts';
import {
  type Alteration,
  type Arena,
  altered,
  answers,
  changed,
  openArena,
  without,
} from '../support/probe.ts';

let arena: Arena;
beforeAll(async () => {
  arena = await openArena();
});
afterAll(() => arena.close());

const sh = async (script: string, config = {}, hostConfig = {}) =>
  (
    await run(arena, ['sh', '-c', script], { Image: 'probe', ...config }, hostConfig)
  ).output.replaceAll('\r', '');

describe('capabilities (S14)', () => {
  const DOCKER = 'a80425fb';
  const NET_RAW = '00002000';
  /** Inheritable, permitted, effective, bounding, ambient, as eight hexadecimal digits or more. */
  const sets = async (command: string[], config = {}, hostConfig = {}) => {
    const { output } = await run(
      arena,
      [...command, 'grep', '^Cap', '/proc/self/status'],
      { Image: 'probe', ...config },
      hostConfig,
    );
    return output
      .split('\n')
      .filter(Boolean)
      .map((line) => (line.split('\t')[1] ?? '').replace(/^0{8}/, ''));
  };
  const none = '00000000';
  const all = () =>
    (2n ** BigInt(arena.engine.facts.lastCapability + 1) - 1n).toString(16).padStart(16, '0');

  test.each([
    ['root', {}, {}, [none, DOCKER, DOCKER, DOCKER, none]],
    ['a user', { User: '33' }, {}, [none, none, none, DOCKER, none]],
    [
      'root with one more',
      {},
      { CapAdd: ['SYS_ADMIN'] },
      [none, 'a82425fb', 'a82425fb', 'a82425fb', none],
    ],
    [
      'a user with one more',
      { User: '33' },
      { CapAdd: ['SYS_ADMIN'] },
      [none, none, none, 'a82425fb', none],
    ],
    ['root with none', {}, { CapDrop: ['ALL'] }, [none, none, none, none, none]],
    [
      'root with one alone',
      {},
      { CapDrop: ['ALL'], CapAdd: ['NET_RAW'] },
      [none, NET_RAW, NET_RAW, NET_RAW, none],
    ],
    ['root with a terminal', { Tty: true }, {}, [none, DOCKER, DOCKER, DOCKER, none]],
  ])('of %s', async (_, config, hostConfig, expected) => {
    const given = await sets([], config, hostConfig);
    expect(given.map((set) => set.trim())).toEqual(expected);
  });

  /** The engine gives away what it has itself; a root that was cut has not all. */
  const hasAll = () => readFileSync('/proc/self/status', 'utf8').includes(`CapEff:\t${all()}`);

  test('of root with all', async ({ skip }) => {
    if (!hasAll()) skip('this root has not all capabilities');
    const given = await sets([], {}, { CapAdd: ['ALL'] });
    expect(given.map((set) => set.padStart(16, '0'))).toEqual([
      none.padStart(16, '0'),
      all(),
      all(),
      all(),
      none.padStart(16, '0'),
    ]);
  });

  test('cannot be gained from outside the bounding set, which is cut by one step', async () => {
    const dropped = { CapDrop: ['ALL'] };
    const uncut = without(({ call }) => call === 'capbset');
    expect((await altered(arena, uncut, () => sets([], {}, dropped)))[1]).not.toBe(none);
  });

  test('inheritable ones of a program file give nothing; one step holds that', async () => {
    await arena.image('filecaps', (root) => {
      for (const [name, caps] of [
        ['inherits', 'cap_net_raw+ei'],
        ['permitted', 'cap_net_raw+ep'],
      ] as const) {
        // busybox goes by its own name
        const program = join(root, name, 'busybox');
        mkdirSync(join(root, name));
        copyFileSync(join(root, 'bin/busybox'), program);
        execFileSync('chmod', ['-R', '0755', join(root, name)]);
        execFileSync('setcap', [caps, program]);
      }
    });
    const as = (folder: string) => sets([`${folder}/busybox`], { Image: 'filecaps', User: '33' });
    expect((await as('/permitted'))[1], 'file capabilities survive the import').toBe(NET_RAW);
    expect((await as('/inherits'))[1]).toBe(none);
    const inheriting: Alteration = (step) => {
      if (step.call === 'capset') return [];
      if (step.call !== 'setresuid') return step;
      const one = ['CAP_NET_RAW', 'CAP_SETUID'];
      return [
        { ...step, call: 'capset', args: { effective: one, permitted: one, inheritable: one } },
        step,
      ];
    };
    expect((await altered(arena, inheriting, () => as('/inherits')))[1]).toBe(NET_RAW);
  });
});

describe('groups (S15)', () => {
  const groups = (User: string, GroupAdd: string[] = []) =>
    sh('id -u; id -g; grep ^Groups /proc/self/status', { User }, { GroupAdd });
  const isSetgroups = ({ call }: Step) => call === 'setgroups';

  test.each([
    ['1000', [], '1000\n0\nGroups:\t0 \n'],
    ['1000:1001', [], '1000\n1001\nGroups:\t1001 \n'],
    ['1000:1001', ['42', '7'], '1000\n1001\nGroups:\t7 42 1001 \n'],
  ])('of %s with %s more are exactly these', async (user, more, expected) => {
    expect(await groups(user, more)).toBe(expected);
    const others = altered(arena, changed(isSetgroups, { groups: [1001, 4242] }), () =>
      groups(user, more),
    );
    expect(await others).not.toBe(expected);
    expect(await altered(arena, without(isSetgroups), () => groups(user, more))).not.toBe(expected);
  });

  test('a file denied to a group stays denied', async () => {
    await arena.image('denied', (root) => {
      writeFileSync(join(root, 'denied'), 'secret');
      chownSync(join(root, 'denied'), 0, 42);
      chmodSync(join(root, 'denied'), 0o604);
    });
    const attack = () =>
      sh('cat /denied', { Image: 'denied', User: '1000:1001' }, { GroupAdd: ['42'] });
    expect(await attack()).toContain('Permission denied');
    expect(await altered(arena, without(isSetgroups), attack)).toBe('secret');
  });
});

describe('session and terminal', () => {
  /** Process group, session, terminal of process 1. */
  const session = (config = {}) => sh('cut -d" " -f5-7 /proc/1/stat', config);

  test('are its own: no terminal of the host can be reached or typed into', async () => {
    expect(await session()).toBe('1 1 0\n');
    expect(await session({ Tty: true })).toMatch(/^1 1 34816\n$/);
    const { output } = await run(arena, ['/probe', 'type', 'id\n'], { Image: 'probe' });
    expect(answers(output)).toEqual({ open: 'ENXIO' });
  });

  test('would be the engine’s without setsid', async () => {
    expect(
      await altered(
        arena,
        without(({ call }) => call === 'setsid'),
        session,
      ),
    ).toBe('0 0 0\n');
  });
});

describe('what it may use up (S71, S72)', () => {
  const isWriteOf =
    (name: string) =>
    ({ call, args }: Step) =>
      call === 'write' && String(args.path).endsWith(`/${name}`);

  test('a fork bomb stops at the limit of processes', async () => {
    const bomb = async () =>
      (await run(arena, ['/probe', 'bomb', '100'], { Image: 'probe' }, { PidsLimit: 20 })).output;
    expect(await bomb()).toBe('19 11\n'); // EAGAIN
    expect(await altered(arena, without(isWriteOf('pids.max')), bomb)).toBe('100 0\n');
  });

  test('there is a limit if none is asked for', async () => {
    const pids = arena.engine.facts.cgroup.mode === 'v2' ? '' : '/pids';
    expect(await sh(`cat /sys/fs/cgroup${pids}/pids.max`)).toBe('2048\n');
  });

  test('/dev/shm is bounded, as is /dev', async () => {
    const fill = (path: string) => () =>
      sh(
        `dd if=/dev/zero of=${path} bs=1M count=80 2>&1 | grep -c "No space"`,
        {},
        { ShmSize: 2 ** 20 },
      );
    expect(await fill('/dev/shm/x')()).toBe('1\n');
    expect(await fill('/dev/x')()).toBe('1\n');
    const large = changed(({ args }) => args.target === '/dev/shm', {
      data: 'mode=1777,size=100m',
    });
    expect(await altered(arena, large, fill('/dev/shm/x'))).toBe('0\n');
  });

  test('the score by which the kernel picks a victim is its own, never the engine’s', async () => {
    const own = '/proc/self/oom_score_adj';
    const before = readFileSync(own, 'utf8');
    const score = (OomScoreAdj = 0) => sh(`cat ${own}`, {}, { OomScoreAdj });
    writeFileSync(own, '300');
    try {
      expect(await score()).toBe('0\n');
      expect(await score(500)).toBe('500\n');
      expect(await altered(arena, without(isWriteOf('oom_score_adj')), score)).toBe('300\n');
    } finally {
      writeFileSync(own, before);
    }
  });
});
