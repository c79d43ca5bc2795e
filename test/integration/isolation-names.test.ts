/**
 * What a container can see and what passes from one to another, or from the engine: namespaces, networks, processes,
 * environment, secrets (THREATS S28, S70). Each defence is taken out of the plan once.
 */
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { remove } from '../../src/container/remove.ts';
import type { Step } from '../../src/step/step.ts';
import { exitOf, launch, outputOf, run } from '../support/engine.ts';
import {
  type Alteration,
  type Arena,
  altered,
  changed,
  openArena,
  without,
} from '../support/probe.ts';

let arena: Arena;
let logged = '';
beforeAll(async () => {
  const sink = new Writable({
    write(chunk, _, done) {
      logged += chunk;
      done();
    },
  });
  arena = await openArena({ log: pino({ level: 'trace' }, sink) });
});
afterAll(() => arena.close());

const sh = async (script: string, config = {}, hostConfig = {}) =>
  (await run(arena, ['sh', '-c', script], { Image: 'probe', ...config }, hostConfig)).output;

const isClone = ({ call }: Step) => call === 'clone3';
const isHostname = ({ call }: Step) => call === 'sethostname';
const isUnshare = ({ call, actor }: Step) => call === 'unshare' && actor === 'init';
const isSetns = ({ call, actor }: Step) => call === 'setns' && actor === 'init';

/** clone3 without one of its namespaces. */
const cloneWithout =
  (flag: string): Alteration =>
  (step) =>
    isClone(step)
      ? {
          ...step,
          args: {
            ...step.args,
            flags: (step.args.flags as string[]).filter((each) => each !== flag),
          },
        }
      : step;

describe('namespaces', () => {
  const KINDS = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'uts'];
  /** Those it shares with the engine. */
  const shared = async (hostConfig = {}) => {
    const output = await sh(
      `cd /proc/self/ns; for n in ${KINDS.join(' ')}; do readlink $n; done`,
      {},
      hostConfig,
    );
    return output
      .split('\n')
      .filter((line) => KINDS.some((kind) => line === readlinkSync(`/proc/self/ns/${kind}`)));
  };
  const names = (found: string[]) => found.map((line) => line.split(':')[0]);

  test('are all its own', async () => {
    expect(await shared()).toEqual([]);
  });

  // Not mnt: without it the plan would change the mounts of the host.
  const cases: [string, Alteration][] = [
    ['ipc', cloneWithout('CLONE_NEWIPC')],
    ['pid', cloneWithout('CLONE_NEWPID')],
    ['uts', (step) => (isHostname(step) ? [] : cloneWithout('CLONE_NEWUTS')(step))],
    ['net', without(isSetns)],
    ['cgroup', without(isUnshare)],
  ];
  test.each(cases)('%s would be the host’s without its step', async (kind, alteration) => {
    expect(names(await altered(arena, alteration, () => shared()))).toEqual([kind]);
  });
});

describe('networks', () => {
  const links = () => sh('ls /sys/class/net; ip route', {}, { NetworkMode: 'none' });

  test('none has the loopback alone, and no route', async () => {
    expect(await links()).toBe('lo\n');
    expect((await altered(arena, without(isSetns), links)).split('\n').length).toBeGreaterThan(2);
  });

  test('host is the host’s', async () => {
    const output = await sh(
      'readlink /proc/self/ns/net; ls /sys/class/net',
      {},
      { NetworkMode: 'host' },
    );
    const expected = [readlinkSync('/proc/self/ns/net'), ...readdirSync('/sys/class/net').sort()];
    expect(output.trim().split('\n')).toEqual(expected);
  });

  test('none and bridge are each their own', async () => {
    const own = (NetworkMode: string) => sh('readlink /proc/self/ns/net', {}, { NetworkMode });
    const seen = [await own('none'), await own('none'), await own('bridge')];
    for (const each of seen) expect(each.trim()).not.toBe(readlinkSync('/proc/self/ns/net'));
  });
});

describe('other containers', () => {
  test('their processes, names and folders are not seen', async () => {
    const other = await launch(arena, ['sleep', '1000'], { Image: 'probe', Hostname: 'venus' });
    try {
      const look = () =>
        sh(
          'cat /proc/[0-9]*/cmdline | tr "\\0" " "; cat /proc/self/cgroup; hostname; grep -c venus /etc/hosts',
          { Hostname: 'mars' },
        );
      const output = await look();
      expect(output).not.toContain('sleep 1000');
      expect(output).toMatch(/\nmars\n0\n$/);
      const groups = [...output.matchAll(/^\d+:[^:]*:(.*)$/gm)].map(([, path]) => path);
      expect(new Set(groups)).toEqual(new Set(['/']));
      expect(await altered(arena, cloneWithout('CLONE_NEWPID'), look)).toContain('sleep 1000');
    } finally {
      await remove(arena.engine, other, { force: true, volumes: true });
    }
  });
});

describe('nothing bleeds (S28)', () => {
  const LOOK =
    'env | sort; grep -E "^(Cap|Groups|Uid|Gid)" /proc/self/status; ulimit -a; cat /proc/self/oom_score_adj; umask; cut -d" " -f5- /proc/self/mountinfo';
  /** What a plain container is, but for its own names. */
  const plain = async () => {
    const container = await launch(arena, ['sh', '-c', LOOK], {
      Image: 'probe',
      Hostname: 'plain',
      Env: [],
    });
    await exitOf(arena, container);
    const output = await outputOf(arena, container);
    await remove(arena.engine, container, { force: false, volumes: true });
    const steps = container.execution?.steps.map((step) => JSON.stringify(step)) ?? [];
    const neutral = (text: string) =>
      text
        .replaceAll(container.id, 'ID')
        .replaceAll(/\b10(\.\d+){3}/g, 'ADDRESS')
        .replaceAll(/veth\w+/g, 'veth')
        .replaceAll(/02:42(:[0-9a-f]{2}){4}/g, 'MAC');
    return { output: neutral(output), steps: steps.map(neutral) };
  };
  const odd = () =>
    run(
      arena,
      ['sh', '-c', 'umask 0; ulimit -n 10; echo x > /etc/profile; cat /proc/self/status'],
      {
        Image: 'probe',
        Env: ['ODD=1', 'PATH=/odd:/bin', 'HOME=/odd'],
        User: '33:34',
        Hostname: 'odd',
        Tty: true,
      },
      {
        CapAdd: ['SYS_ADMIN'],
        CapDrop: ['CHOWN'],
        GroupAdd: ['42'],
        OomScoreAdj: 500,
        PidsLimit: 5,
        ReadonlyRootfs: true,
        ShmSize: 1 << 20,
        Ulimits: [{ Name: 'nofile', Soft: 64, Hard: 64 }],
      },
    );

  test('from one container into the next: a plain one is the same before and after an odd one', async () => {
    const before = await plain();
    await odd();
    const after = await plain();
    expect(after.output).toBe(before.output);
    expect(before.steps.length).toBeGreaterThan(100);
    expect(after.steps).toEqual(before.steps);
    const leaky = changed(({ call }) => call === 'execve', { envp: ['ODD=1'] });
    expect((await altered(arena, leaky, plain)).output).not.toBe(before.output);
  });

  test('from the engine’s environment', async () => {
    process.env.PETRI_PLANTED = 'planted';
    try {
      await arena.image('asking', () => undefined, ['ENV ASKED=1']);
      const environment = (Env: string[]) =>
        sh('cat /proc/1/environ | tr "\\0" "\\n"', { Image: 'asking', Env });
      for (const env of [[], ['PETRI_PLANTED'], ['PETRI_*']]) {
        const output = await environment(env);
        expect(output).not.toContain('planted');
        expect(output).toContain('ASKED=1');
      }
      const envp = Object.entries(process.env).map(([name, value]) => `${name}=${value}`);
      const careless = changed(({ call }) => call === 'execve', { envp });
      expect(await altered(arena, careless, () => environment([]))).toContain('planted');
    } finally {
      delete process.env.PETRI_PLANTED;
    }
  });
});

describe('a secret in the environment (S70)', () => {
  const SECRET = 'hunter2-planted-secret';

  /** Where the secret can be read: command lines of processes, the engine's log, files others may read. */
  const places = () => [
    ...commandLines(),
    ...(logged.includes(SECRET) ? ['log'] : []),
    ...readableFiles(),
  ];
  const commandLines = () =>
    readdirSync('/proc').filter((pid) => {
      try {
        return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(SECRET);
      } catch {
        return false; // it has ended meanwhile
      }
    });
  /** A folder that is closed to others hides what is in it. */
  const readableFiles = () =>
    [arena.options.dataRoot, arena.options.execRoot]
      .flatMap((root) => filesOpenToOthers(root))
      .filter((path) => readFileSync(path, 'utf8').includes(SECRET));

  test('is in no command line, no log, no file that others may read', async () => {
    const container = await launch(arena, ['sleep', '1000'], {
      Image: 'probe',
      Env: [`TOKEN=${SECRET}`],
    });
    try {
      expect(readFileSync(container.paths.record, 'utf8'), 'it is kept').toContain(SECRET);
      expect(lstatSync(container.paths.record).mode & 0o777).toBe(0o600);
      await expect.poll(() => existsSync(container.paths.steps)).toBe(true);
      expect(lstatSync(container.paths.steps).mode & 0o077).toBe(0);
      expect(places()).toEqual([]);
    } finally {
      await remove(arena.engine, container, { force: true, volumes: true });
    }
    expect(logged).not.toContain(SECRET);
  });

  test('the detector works', async () => {
    const container = await launch(arena, ['sh', '-c', `sleep 1000; : ${SECRET}`], {
      Image: 'probe',
    });
    arena.engine.log.info({ env: SECRET }, 'careless');
    try {
      expect(places()).toEqual([expect.stringMatching(/^\d+$/), 'log']);
    } finally {
      await remove(arena.engine, container, { force: true, volumes: true });
    }
  });
});

function filesOpenToOthers(folder: string): string[] {
  if ((lstatSync(folder).mode & 0o005) === 0) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesOpenToOthers(path);
    return entry.isFile() && lstatSync(path).mode & 0o004 ? [path] : [];
  });
}
