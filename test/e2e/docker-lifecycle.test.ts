/** create, start, stop, kill, wait, ps, inspect, rename and rm through docker's own command. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DockerSuite } from '../support/docker.ts';

const suite = new DockerSuite();
const none = ['--network', 'none'];

/** Creates and starts a container without network. @returns its id */
async function started(name: string, ...program: string[]): Promise<string> {
  const { stdout } = await suite.docker(
    'run',
    '-d',
    ...none,
    '--name',
    name,
    'busybox',
    ...program,
  );
  return stdout.trim();
}
/** The words that `docker ps` prints by a template, one line each. */
async function ps(format: string, ...flags: string[]): Promise<string[]> {
  const { stdout } = await suite.docker('ps', ...flags, '--format', format);
  return stdout.split('\n').filter(Boolean);
}
const status = (name: string) => suite.inspect('{{.State.Status}} {{.State.ExitCode}}', name);
/** A shell that ignores SIGTERM, is ready when it has said so, and ends never. */
const stubborn = 'trap "" TERM; echo ready; while :; do usleep 5000; done';
/** Waits until a container has printed a line that matches, so many times. */
const said = (name: string, pattern: string, times = 1) =>
  suite.shell(`until [ $(docker logs ${name} | grep -c '${pattern}') -ge ${times} ]; do :; done`);
const ready = (name: string) => said(name, 'ready');

describe('stop', () => {
  it('the program gets SIGTERM and may end by itself', async () => {
    await started(
      'kind',
      'sh',
      '-c',
      'trap "exit 3" TERM; echo ready; while :; do usleep 5000; done',
    );
    await ready('kind');
    expect(await suite.docker('stop', 'kind')).toEqual({ code: 0, stdout: 'kind\n', stderr: '' });
    expect(await status('kind')).toBe('exited 3');
  });
  it('who ignores it is killed after the time', async () => {
    await started('stubborn', 'sh', '-c', stubborn);
    await ready('stubborn');
    const begin = performance.now();
    expect((await suite.docker('stop', '-t', '1', 'stubborn')).code).toBe(0);
    expect(performance.now() - begin).toBeGreaterThan(900);
    expect(await status('stubborn')).toBe('exited 137');
  });
  it('-t 0 kills at once; what does not run is left as it is', async () => {
    await started('quick', 'sh', '-c', stubborn);
    await suite.docker('stop', '-t', '0', 'quick');
    expect(await status('quick')).toBe('exited 137');
    expect(await suite.docker('stop', 'quick')).toEqual({ code: 0, stdout: 'quick\n', stderr: '' });
  });
  it('--stop-signal and -s: another signal', async () => {
    const line =
      'trap "exit 4" USR1; trap "exit 5" USR2; echo ready; while :; do usleep 5000; done';
    await suite.docker(
      'run',
      '-d',
      ...none,
      '--stop-signal',
      'USR1',
      '--name',
      'usr',
      'busybox',
      'sh',
      '-c',
      line,
    );
    await ready('usr');
    await suite.docker('stop', 'usr');
    expect(await status('usr')).toBe('exited 4');
    await suite.docker('start', 'usr');
    await said('usr', 'ready', 2);
    await suite.docker('stop', '-s', 'SIGUSR2', 'usr');
    expect(await status('usr')).toBe('exited 5');
  });
});

describe('kill and wait', () => {
  it('-s: by name with and without SIG and by number', async () => {
    await started(
      'counts',
      'sh',
      '-c',
      'trap "echo usr" USR1; trap "exit 7" HUP; echo ready; while :; do usleep 5000; done',
    );
    await ready('counts');
    for (const [count, signal] of ['USR1', 'SIGUSR1', '10', 'usr1'].entries()) {
      expect((await suite.docker('kill', '-s', signal, 'counts')).code).toBe(0);
      await said('counts', 'usr', count + 1);
    }
    const waiting = suite.docker('wait', 'counts');
    await suite.docker('kill', '--signal=HUP', 'counts');
    expect((await waiting).stdout).toBe('7\n');
  });
  it('wait: for several, in order, also for those that have ended', async () => {
    await started('one', 'sh', '-c', 'exit 1');
    await started('two', 'sh', '-c', 'usleep 100000; exit 2');
    expect((await suite.docker('wait', 'two', 'one')).stdout).toBe('2\n1\n');
  });
  it('all processes of a container end with it', async () => {
    await started(
      'parent',
      'sh',
      '-c',
      'for i in 1 2 3; do setsid sleep 1000 & done; echo ready; wait',
    );
    await ready('parent');
    const pid = await suite.inspect('{{.State.Pid}}', 'parent');
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    expect(children).toHaveLength(3);
    await suite.docker('kill', 'parent');
    await suite.docker('wait', 'parent');
    expect(children.filter((child) => existsSync(`/proc/${child}`))).toEqual([]);
  });
});

describe('start', () => {
  it('again: what was written is kept, the pid and the log go on', async () => {
    await started('keeps', 'sh', '-c', 'ls /mine; echo x >> /mine; wc -l < /mine');
    await suite.docker('wait', 'keeps');
    expect((await suite.docker('start', '-a', 'keeps')).stdout).toBe('/mine\n2\n');
    expect((await suite.docker('start', '-a', 'keeps')).stdout).toBe('/mine\n3\n');
    expect((await suite.docker('logs', 'keeps')).stdout).toBe('1\n/mine\n2\n/mine\n3\n');
  });
  it('of one that runs changes nothing', async () => {
    await started('runs', 'sleep', '1000');
    const pid = await suite.inspect('{{.State.Pid}}', 'runs');
    expect(await suite.docker('start', 'runs')).toMatchObject({ code: 0, stdout: 'runs\n' });
    expect(await suite.inspect('{{.State.Pid}}', 'runs')).toBe(pid);
  });
  it('of several at once', async () => {
    for (const name of ['a1', 'a2', 'a3'])
      await suite.docker('create', '--name', name, 'busybox', 'sleep', '1000');
    expect(await suite.docker('start', 'a1', 'a2', 'a3')).toMatchObject({
      code: 0,
      stdout: 'a1\na2\na3\n',
    });
    const addresses = (
      await suite.docker('inspect', '-f', '{{.NetworkSettings.IPAddress}}', 'a1', 'a2', 'a3')
    ).stdout;
    expect(new Set(addresses.trim().split('\n')).size).toBe(3);
  });
  it('restart: another pid, the same files', async () => {
    await started('again', 'sh', '-c', 'echo x >> /mine; wc -l < /mine; exec sleep 1000');
    const pid = await suite.inspect('{{.State.Pid}}', 'again');
    await suite.docker('restart', '-t', '0', 'again');
    expect(await suite.inspect('{{.State.Pid}}', 'again')).not.toBe(pid);
    await said('again', '^2$');
  });
});

describe('names', () => {
  it('by id, its beginning and its name; not by a beginning of two', async () => {
    const id = await started('whole', 'sleep', '1000');
    for (const ref of [id, id.slice(0, 12), id.slice(0, 6), 'whole', '/whole'])
      expect(await suite.inspect('{{.Id}}', ref)).toBe(id);
    expect((await suite.docker('inspect', 'who')).code).toBe(1);
    // Of 17 containers two begin with the same digit.
    const ids = [id];
    for (let i = 0; i < 16; i++) ids.push((await suite.docker('create', 'busybox')).stdout.trim());
    const digit = ids.map(([first]) => first).find((first, i, all) => all.indexOf(first) !== i);
    expect(await suite.docker('start', `${digit}`)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/multiple containers found with the id prefix/),
    });
  });
  it('a name is preferred to the beginning of an id', async () => {
    const id = await started('first', 'sleep', '1000');
    await suite.docker('create', '--name', id.slice(0, 12), 'busybox');
    expect(await suite.inspect('{{.Name}}', id.slice(0, 12))).toBe(`/${id.slice(0, 12)}`);
    expect(await suite.inspect('{{.Name}}', id)).toBe('/first');
  });
  it('rename: the new one is found, the old one is free, also while it runs', async () => {
    const id = await started('old', 'sleep', '1000');
    expect(await suite.docker('rename', 'old', 'new')).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await suite.inspect('{{.Id}}', 'new')).toBe(id);
    expect((await suite.docker('create', '--name', 'old', 'busybox')).code).toBe(0);
    await suite.engine.kill();
    await suite.engine.up();
    expect(await suite.inspect('{{.Id}}', 'new')).toBe(id);
  });
});

describe('ps', () => {
  it('-a -q -l -n -s, filters and templates', async () => {
    await suite.docker('create', '--name', 'made', '-l', 'tier=web', 'busybox');
    await started('ended', 'sh', '-c', 'echo 12345 > /file; exit 3');
    await suite.docker('wait', 'ended');
    const id = await started('runs', 'sleep', '1000');
    expect(await ps('{{.Names}}')).toEqual(['runs']);
    expect(await ps('{{.Names}}', '-a')).toEqual(['runs', 'ended', 'made']);
    expect(await ps('{{.Names}} {{.State}}', '-l')).toEqual(['runs running']);
    expect(await ps('{{.Names}}', '-n', '2')).toEqual(['runs', 'ended']);
    expect((await suite.docker('ps', '-q')).stdout).toBe(`${id.slice(0, 12)}\n`);
    expect((await suite.docker('ps', '-q', '--no-trunc')).stdout).toBe(`${id}\n`);
    expect(await ps('{{.Size}}', '-as', '--filter', 'name=ended')).toEqual([
      expect.stringMatching(/^6B \(virtual 1\.9\dMB\)$/),
    ]);
    expect(
      await ps('{{.Status}}|{{.Image}}|{{.Command}}|{{.Networks}}', '-a', '--filter', 'name=ended'),
    ).toEqual([expect.stringMatching(/^Exited \(3\) .* ago\|busybox\|"sh -c 'echo 12345/)]);
  });
  it.each([
    ['status=exited', 'ended'],
    ['status=created', 'made'],
    ['status=running', 'runs'],
    ['exited=3', 'ended'],
    ['label=tier', 'made'],
    ['label=tier=web', 'made'],
    ['label=tier=db', ''],
    ['name=^run', 'runs'],
    ['ancestor=busybox', 'runs ended made'],
    ['ancestor=busybox:nosuch', ''],
    ['before=ended', 'made'],
    ['since=ended', 'runs'],
    ['network=none', 'runs ended'],
  ])('--filter %s', async (filter, expected) => {
    await suite.docker('create', '--name', 'made', '-l', 'tier=web', 'busybox');
    await started('ended', 'sh', '-c', 'exit 3');
    await suite.docker('wait', 'ended');
    await started('runs', 'sleep', '1000');
    expect((await ps('{{.Names}}', '-a', '--filter', filter)).join(' ')).toBe(expected);
  });
});

describe('inspect and rm', () => {
  it('inspect tells what was asked for and what is', async () => {
    const flags = [
      '-e',
      'A=b',
      '-w',
      '/tmp',
      '-u',
      '1:2',
      '-h',
      'web',
      '-m',
      '64m',
      '--cpus',
      '1',
      '-c',
      '256',
      '--pids-limit',
      '50',
      '-l',
      'k=v',
    ];
    const { stdout } = await suite.docker(
      'run',
      '-d',
      '-i',
      ...flags,
      '--name',
      'told',
      'busybox',
      'sleep',
      '1000',
    );
    const [told] = JSON.parse((await suite.docker('inspect', 'told')).stdout);
    expect(told).toMatchObject({
      Id: stdout.trim(),
      Name: '/told',
      Path: 'sleep',
      Args: ['1000'],
      State: {
        Status: 'running',
        Running: true,
        Paused: false,
        OOMKilled: false,
        Dead: false,
        ExitCode: 0,
        Error: '',
      },
      Config: {
        Hostname: 'web',
        User: '1:2',
        WorkingDir: '/tmp',
        Cmd: ['sleep', '1000'],
        Image: 'busybox',
        OpenStdin: true,
        Tty: false,
        Labels: { k: 'v' },
      },
      HostConfig: {
        Memory: 67108864,
        NanoCpus: 1e9,
        CpuShares: 256,
        PidsLimit: 50,
        NetworkMode: expect.stringMatching(/^(default|bridge)$/),
        AutoRemove: false,
      },
      NetworkSettings: { Gateway: suite.engine.bip.replace('/24', ''), IPPrefixLen: 24 },
    });
    expect(told.Config.Env).toContain('A=b');
    expect(Date.parse(told.State.StartedAt)).toBeGreaterThanOrEqual(Date.parse(told.Created));
    expect(readFileSync(`/proc/${told.State.Pid}/comm`, 'utf8')).toBe('sleep\n');
    expect(readFileSync(told.HostnamePath, 'utf8')).toBe('web\n');
    expect(told.NetworkSettings.Networks.bridge.IPAddress).toBe(told.NetworkSettings.IPAddress);
  });
  it('rm: several, one that runs only with -f, its files go', async () => {
    const id = await started('runs', 'sleep', '1000');
    await suite.docker('create', '--name', 'still', 'busybox');
    const { code, stdout, stderr } = await suite.docker('rm', 'runs', 'still');
    expect([code, stdout]).toEqual([1, 'still\n']);
    expect(stderr).toContain(
      'cannot remove container "/runs": container is running: stop the container before removing or force remove',
    );
    expect(await suite.docker('rm', '-f', 'runs')).toEqual({
      code: 0,
      stdout: 'runs\n',
      stderr: '',
    });
    expect(existsSync(`${suite.engine.root}/data/containers/${id}`)).toBe(false);
  });
});
