/** Restart policies, health, events, prune, update and their like: docker's command and petri's say the same. */
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Ran, run, Supervisor } from '../support/supervisor.ts';

let engine: Supervisor;
beforeAll(async () => {
  engine = await Supervisor.start();
});
afterAll(() => engine.remove());

const docker = (...words: string[]) => engine.docker(...words);
const petri = (...words: string[]) => engine.petri(...words);
const inspect = async (format: string, name: string) =>
  (await docker('inspect', '-f', format, name)).stdout.trim();
const until = (name: string, format: string, wanted: RegExp) =>
  vi.waitUntil(async () => wanted.test(await inspect(format, name)), {
    timeout: 30_000,
    interval: 20,
  });
const remove = (...names: string[]) => docker('rm', '-f', ...names);
const answer = (engineRan: Ran) => ({ code: engineRan.code, stdout: engineRan.stdout });

/** Unix time with its fraction. */
const moment = () => String(Date.now() / 1000);

/** Both commands with this stdin. */
function both(words: string[], input = ''): Promise<[Ran, Ran]> {
  const env = { PETRI_HOST: `unix://${engine.socket}` };
  return Promise.all([
    run('docker', ['-H', `unix://${engine.socket}`, ...words], {}, input),
    run('bin/petri', words, env, input),
  ]);
}

describe('a restart policy', () => {
  test.each([
    ['docker', docker],
    ['petri', petri],
  ])('given by %s is counted, and the wait is shown', async (_, command) => {
    const made = await command(
      'run',
      '-d',
      '--name',
      'crash',
      '--restart',
      'on-failure:3',
      'busybox',
      'false',
    );
    expect(made.code).toBe(0);
    await until('crash', '{{.State.Status}} {{.RestartCount}}', /^exited 3$/);
    expect(await inspect('{{json .HostConfig.RestartPolicy}}', 'crash')).toBe(
      '{"Name":"on-failure","MaximumRetryCount":3}',
    );
    await remove('crash');
  });

  test('and --rm do not go together', async () => {
    const words = ['run', '--rm', '--restart', 'always', 'busybox', 'true'];
    for (const ran of await both(words)) {
      expect(ran.code).toBe(125);
      expect(ran.stderr.toLowerCase()).toContain(
        'conflicting options: cannot specify both --restart and --rm',
      );
    }
    const body = {
      Image: 'busybox',
      HostConfig: { AutoRemove: true, RestartPolicy: { Name: 'always' } },
    };
    const { status, text } = await engine.api('POST', '/containers/create', body);
    expect([status, text]).toEqual([
      400,
      expect.stringContaining("can't create 'AutoRemove' container"),
    ]);
  });

  test('while it waits: ps shows it, start is nothing, rm is refused, stop ends it', async () => {
    await docker(
      'run',
      '-d',
      '--name',
      'loop',
      '--restart',
      'always',
      'busybox',
      'sh',
      '-c',
      'exit 4',
    );
    await until('loop', '{{.RestartCount}} {{.State.Status}}', /^[4-9] restarting$/);
    const { stdout } = await docker(
      'ps',
      '--filter',
      'status=restarting',
      '--format',
      '{{.Names}} {{.Status}}',
    );
    expect(stdout).toMatch(/^loop Restarting \(4\) .* ago$/m);
    const refused = await docker('rm', 'loop');
    expect(refused.stderr).toMatch(
      /container is (restarting|running): stop the container before removing/,
    );
    expect((await docker('stop', 'loop')).code).toBe(0);
    expect(await inspect('{{.State.Status}} {{.State.ExitCode}}', 'loop')).toBe('exited 4');
    await remove('loop');
  });

  test('is honoured by the next supervisor, however the last one ended', async () => {
    const sleep = ['busybox', 'sh', '-c', 'trap "exit 0" TERM; sleep 1000 & wait'];
    const start = (name: string, policy: string) =>
      docker('run', '-d', '--name', name, '--restart', policy, ...sleep);
    for (const [name, policy] of [
      ['always', 'always'],
      ['unless', 'unless-stopped'],
      ['died', 'unless-stopped'],
      ['failed', 'on-failure'],
      ['none', 'no'],
    ] as const)
      expect((await start(name, policy)).code).toBe(0);
    await docker('stop', 'always', 'unless');
    const pids = await Promise.all(
      ['died', 'failed', 'none'].map(async (name) => Number(await inspect('{{.State.Pid}}', name))),
    );
    await engine.kill();
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await vi.waitUntil(() => pids.every((pid) => !isThere(pid)), { timeout: 10_000 });
    await engine.up();
    for (const name of ['always', 'died', 'failed'])
      await until(name, '{{.State.Status}}', /^running$/);
    const format = '{{.State.Status}} {{.RestartCount}} {{.State.ExitCode}}';
    expect(await inspect(format, 'unless')).toBe('exited 0 0');
    expect(await inspect(format, 'none')).toBe('exited 0 137');
    expect(await inspect(format, 'died')).toBe('running 1 0');
    expect(await inspect(format, 'failed')).toBe('running 1 0');
    await remove('always', 'unless', 'died', 'failed', 'none');
  });

  test('of a crash loop goes on counting over three kills of the supervisor; a stop in between wins', async () => {
    await docker('run', '-d', '--name', 'loop', '--restart', 'always', 'busybox', 'false');
    let last = 0;
    for (let round = 0; round < 3; round++) {
      await until('loop', '{{.RestartCount}}', new RegExp(`^${last + 1}$|^${last + 2}$`));
      await engine.kill();
      await engine.up();
      const count = Number(await inspect('{{.RestartCount}}', 'loop'));
      expect(count).toBeGreaterThanOrEqual(last + 1);
      last = count;
    }
    await docker('stop', 'loop');
    await engine.kill();
    await engine.up();
    // `always` is started again by a new engine, as docker does: what the user stopped for good is `unless-stopped`.
    await docker('update', '--restart', 'unless-stopped', 'loop');
    await docker('stop', 'loop');
    await engine.kill();
    await engine.up();
    expect(await inspect('{{.State.Status}}', 'loop')).toBe('exited');
    await remove('loop');
  });
});

describe('health', () => {
  test.each([
    ['docker', docker],
    ['petri', petri],
  ])('asked for by %s is shown by ps and inspect, and published', async (_, command) => {
    const check = [
      '--health-cmd',
      'test -e /ok',
      '--health-interval',
      '100ms',
      '--health-retries',
      '1',
    ];
    const made = await command('run', '-d', '--name', 'web', ...check, 'busybox', 'sleep', '1000');
    expect(made.code, made.stderr).toBe(0);
    expect(await inspect('{{json .Config.Healthcheck}}', 'web')).toBe(
      '{"Test":["CMD-SHELL","test -e /ok"],"Interval":100000000,"Retries":1}',
    );
    await until('web', '{{.State.Health.Status}}', /^unhealthy$/);
    await docker('exec', 'web', 'touch', '/ok');
    await until('web', '{{.State.Health.Status}}', /^healthy$/);
    const listed = ['ps', '--filter', 'health=healthy', '--format', '{{.Names}} {{.Status}}'];
    for (const ran of await both(listed)) expect(ran.stdout).toMatch(/^web Up .* \(healthy\)\n$/);
    const events = ['events', '--since', '0', '--until', moment(), '--filter', 'container=web'];
    const { stdout } = await docker(
      ...events,
      '--filter',
      'event=health_status',
      '--format',
      '{{.Action}}',
    );
    expect(stdout).toMatch(/health_status: unhealthy\nhealth_status: healthy\n$/);
    await remove('web');
  });

  test('is none with --no-healthcheck, nor without a check', async () => {
    await docker('run', '-d', '--name', 'plain', '--no-healthcheck', 'busybox', 'sleep', '1000');
    expect(await inspect('{{json .State}}', 'plain')).not.toContain('Health');
    const [ours, theirs] = await both(['ps', '-q', '--filter', 'health=none']);
    expect(answer(theirs)).toEqual(answer(ours));
    expect(ours.stdout).not.toBe('');
    await remove('plain');
  });
});

describe('events', () => {
  test('tell a life in order, the same to both commands', async () => {
    const since = moment();
    await docker('run', '-d', '--name', 'life', '-l', 'color=red', 'busybox', 'sleep', '1000');
    await docker('pause', 'life');
    await docker('unpause', 'life');
    await docker('update', '--pids-limit', '99', 'life');
    await docker('rename', 'life', 'living');
    await docker('restart', '-t', '0', 'living');
    await docker('kill', 'living');
    await docker('rm', 'living');
    const all = ['events', '--since', since, '--until', moment(), '--filter', 'type=container'];
    const actions = (await docker(...all, '--format', '{{.Action}}')).stdout.trim().split('\n');
    expect(actions).toEqual(
      'create start pause unpause update rename kill kill die stop start restart kill die destroy'.split(
        ' ',
      ),
    );
    for (const more of [
      [],
      ['--format', 'json'],
      ['--format', '{{.Type}} {{.ID}} {{.Actor.Attributes.name}}'],
      ['--filter', 'event=die', '--filter', 'label=color=red'],
      ['--filter', 'container=living'],
      ['--filter', 'image=busybox', '--filter', 'event=create'],
    ]) {
      const until = moment();
      const [ours, theirs] = await both(['events', '--since', since, '--until', until, ...more]);
      expect(answer(theirs)).toEqual(answer(ours));
      expect(ours.stdout).not.toBe('');
    }
  });
});

test('events of networks and images, and of who attaches', async () => {
  const since = moment();
  await petri('run', '--rm', '--name', 'seen', 'busybox', 'true');
  await docker('tag', 'busybox', 'other:1');
  await docker('rmi', 'other:1');
  const { stdout } = await docker(
    ...['events', '--since', since, '--until', moment()],
    ...['--format', '{{.Type}} {{.Action}} {{.Actor.Attributes.name}}'],
  );
  const id = await inspect('{{.Id}}', 'busybox');
  expect(stdout.trim().split('\n')).toEqual([
    'container create seen',
    'container attach seen',
    'network connect bridge',
    'container start seen',
    'container die seen',
    'network disconnect bridge',
    'container destroy seen',
    'image tag other:1',
    `image untag ${id}`,
  ]);
});

describe('disk space', () => {
  test('is asked for before it is given back, in docker’s words', async () => {
    for (const words of [
      ['container', 'prune'],
      ['container', 'prune', '--filter', 'until=1h'],
      ['image', 'prune'],
      ['image', 'prune', '-a'],
      ['system', 'prune'],
      ['system', 'prune', '-a', '--volumes', '--filter', 'label=x'],
      ['system', 'df'],
      ['system', 'df', '-v'],
      ['system', 'df', '--format', 'json'],
      [
        'system',
        'df',
        '--format',
        '{{.Type}}\t{{.TotalCount}} {{.Active}} {{.Size}} {{.Reclaimable}}',
      ],
    ]) {
      const [theirs, ours] = await both(words, 'n\n');
      expect(answer(ours), words.join(' ')).toEqual(answer(theirs));
    }
  });

  test.each([
    ['docker', docker],
    ['petri', petri],
  ])('is given back by %s', async (_, command) => {
    const script = 'head -c 3000 /dev/zero > /file';
    const { stdout } = await docker('create', '--name', 'idle', 'busybox', 'sh', '-c', script);
    await docker('start', 'idle');
    await docker('wait', 'idle');
    expect(answer(await command('container', 'prune', '-f', '--filter', 'label=x'))).toEqual({
      code: 0,
      stdout: 'Total reclaimed space: 0B\n',
    });
    expect(answer(await command('system', 'prune', '-f'))).toEqual({
      code: 0,
      stdout: `Deleted Containers:\n${stdout}\nTotal reclaimed space: 3kB\n`,
    });
    expect((await docker('images', '-q')).stdout).not.toBe('');
  });
});

describe('the verbs', () => {
  test('take several at once, and say the same', async () => {
    const names = ['one', 'two', 'three'];
    const wait = 'trap "exit 5" TERM; sleep 1000 & wait';
    for (const name of names)
      await docker('run', '-d', '--name', name, 'busybox', 'sh', '-c', wait);
    const ended = petri('wait', ...names);
    expect(answer(await petri('stop', ...names))).toEqual({ code: 0, stdout: 'one\ntwo\nthree\n' });
    expect((await ended).stdout).toBe('5\n5\n5\n');
    for (const words of [
      ['kill', 'one'],
      ['pause', 'one', 'nosuch'],
      ['unpause', 'one'],
      ['stop', 'one', 'nosuch', 'two'],
      ['wait', 'one', 'two'],
      ['update', '--restart', 'always:3', 'one'],
      ['update', '-m', '1', 'one'],
      ['update', 'one'],
      ['rm', '-l', 'one'],
    ]) {
      const [theirs, ours] = await both(words);
      expect(answer(ours), words.join(' ')).toEqual(answer(theirs));
    }
    expect(answer(await petri('rm', '-v', ...names))).toEqual({
      code: 0,
      stdout: 'one\ntwo\nthree\n',
    });
  });

  test('on a frozen container: listed, inspected, not started, killed, removed', async () => {
    await docker('run', '-d', '--name', 'ice', 'busybox', 'sleep', '1000');
    await docker('pause', 'ice');
    expect((await docker('start', 'ice')).stderr).toContain(
      'cannot start a paused container, try unpause instead',
    );
    expect((await docker('rm', 'ice')).stderr).toContain(
      'container is paused and must be unpaused first',
    );
    expect((await docker('ps', '--format', '{{.Status}}', '-f', 'name=ice')).stdout).toMatch(
      /\(Paused\)/,
    );
    expect((await docker('kill', 'ice')).code).toBe(0);
    expect(await inspect('{{.State.Status}} {{.State.ExitCode}}', 'ice')).toBe('exited 137');
    await docker('start', 'ice');
    await docker('pause', 'ice');
    expect((await docker('rm', '-f', 'ice')).code).toBe(0);
  });

  test('update changes what the kernel allows', async () => {
    await docker('run', '-d', '--name', 'fed', '-m', '64m', 'busybox', 'sleep', '1000');
    expect(
      answer(await petri('update', '-m', '100m', '--cpus', '0.5', '--restart', 'always', 'fed')),
    ).toEqual({
      code: 0,
      stdout: 'fed\n',
    });
    const pid = await inspect('{{.State.Pid}}', 'fed');
    const groups = readFileSync(`/proc/${pid}/cgroup`, 'utf8');
    const memory = /^\d+:memory:(.*)$/m.exec(groups)?.[1];
    const path = memory
      ? `/sys/fs/cgroup/memory${memory}/memory.limit_in_bytes`
      : `/sys/fs/cgroup${/^0::(.*)$/m.exec(groups)?.[1]}/memory.max`;
    expect(readFileSync(path, 'utf8').trim()).toBe(String(100 * 2 ** 20));
    await remove('fed');
  });
});

test('any order of many clients’ verbs ends in a legal state, and nobody is told 5xx', async () => {
  const names = ['mix-a', 'mix-b', 'mix-c'];
  const policies = ['no', 'always', 'on-failure', 'unless-stopped'];
  const scripts = ['exit 1', 'usleep 20000', 'trap "exit 0" TERM; sleep 1000 & wait'];
  const post = (name: string, verb: string) => engine.api('POST', `/containers/${name}/${verb}`);
  const create = (name: string, n: number) =>
    engine.api('POST', `/containers/create?name=${name}`, {
      Image: 'busybox',
      Cmd: ['sh', '-c', scripts[n % 3]],
      HostConfig: { RestartPolicy: { Name: policies[n % 4] }, NetworkMode: 'none' },
      ...(n % 2 ? { Healthcheck: { Test: ['CMD', 'true'], Interval: 20_000_000 } } : {}),
    });
  const deeds = [
    create,
    create,
    ...[
      'start',
      'start',
      'stop?t=0',
      'restart?t=0',
      'kill',
      'kill?signal=HUP',
      'pause',
      'unpause',
    ].map((verb) => (name: string) => post(name, verb)),
    (name: string) => engine.api('DELETE', `/containers/${name}?force=1`),
    (name: string) => engine.api('DELETE', `/containers/${name}`),
    (name: string) => engine.api('POST', `/containers/${name}/update`, { PidsLimit: 50 }),
    () => engine.api('POST', '/containers/prune'),
    () => engine.api('GET', '/containers/json?all=1'),
  ];
  const failures: string[] = [];
  const client = async () => {
    for (let i = 0; i < 30; i++) {
      const [deed, name, n] = [randomInt(deeds.length), randomInt(names.length), randomInt(12)];
      const { status, text } = await (deeds[deed] as typeof create)(names[name] as string, n);
      if (status >= 500) failures.push(`${deed} ${status} ${text}`);
    }
  };
  await Promise.all(Array.from({ length: 16 }, client));
  expect(failures).toEqual([]);
  for (const name of names)
    expect([204, 404]).toContain(
      (await engine.api('DELETE', `/containers/${name}?force=1`)).status,
    );
});

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
