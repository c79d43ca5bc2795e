/** Options of `docker run` beside the everyday ones, and `top`, `stats`, `port`: through docker's and petri's commands. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DockerSuite } from '../support/docker.ts';
import type { Ran } from '../support/supervisor.ts';

const suite = new DockerSuite();
let host: string;
beforeAll(() => {
  host = mkdtempSync(join(tmpdir(), 'petri-options-'));
});
afterAll(() => rmSync(host, { recursive: true }));

const run = (...words: string[]): Promise<Ran> =>
  suite.docker('run', '--rm', '--network', 'none', ...words);
const sh = async (line: string, ...flags: string[]): Promise<string> => {
  const ran = await run(...flags, 'busybox', 'sh', '-c', line);
  return ran.stdout + ran.stderr;
};
/** The same words by either command. */
const both = async (...words: string[]): Promise<[docker: Ran, petri: Ran]> => [
  await suite.docker(...words),
  await suite.engine.petri(...words),
];

describe('docker run', () => {
  it('--tmpfs, --shm-size, --read-only', async () => {
    const flags = ['--read-only', '--tmpfs', '/t:size=1m', '--shm-size', '2m'];
    expect(await sh('grep -E " (/t|/dev/shm) " /proc/mounts | cut -d" " -f2,4', ...flags)).toBe(
      '/dev/shm rw,nosuid,nodev,noexec,relatime,size=2048k\n'.replace(
        /^/,
        '/t rw,nosuid,nodev,noexec,relatime,size=1024k\n',
      ),
    );
    expect(await sh('touch /t/x /dev/shm/x && touch /x', ...flags)).toContain(
      'Read-only file system',
    );
  });
  it('-v and --mount, read back by inspect', async () => {
    writeFileSync(join(host, 'file'), 'of the host\n');
    expect(await sh('cat /data/file; touch /data/x', '-v', `${host}:/data:ro`)).toBe(
      'of the host\ntouch: /data/x: Read-only file system\n',
    );
    const mount = `type=bind,src=${host}/file,dst=/etc/one.conf,readonly`;
    await suite.docker(
      'create',
      '--name',
      'bound',
      '-v',
      `${host}:/data:ro`,
      '--mount',
      mount,
      'busybox',
    );
    expect(JSON.parse(await suite.inspect('{{json .Mounts}}', 'bound'))).toEqual([
      {
        Type: 'bind',
        Source: host,
        Destination: '/data',
        Mode: 'ro',
        RW: false,
        Propagation: 'rprivate',
      },
      {
        Type: 'bind',
        Source: `${host}/file`,
        Destination: '/etc/one.conf',
        Mode: '',
        RW: false,
        Propagation: 'rprivate',
      },
    ]);
    expect(await suite.inspect('{{.HostConfig.Binds}}', 'bound')).toBe(`[${host}:/data:ro]`);
  });
  it('--mount refuses a source that is not there', async () => {
    const missing = await run('--mount', `type=bind,src=${host}/nosuch,dst=/x`, 'busybox', 'true');
    expect([missing.code, missing.stderr]).toEqual([
      125,
      expect.stringContaining(
        `invalid mount config for type "bind": bind source path does not exist: ${host}/nosuch`,
      ),
    ]);
  });
  it.each([
    ['--sysctl', 'net.ipv4.ip_default_ttl=12', 'cat /proc/sys/net/ipv4/ip_default_ttl', '12\n'],
    ['--ulimit', 'nofile=50:60', 'ulimit -Sn; ulimit -Hn', '50\n60\n'],
    ['--init', '--init', 'cat /proc/1/comm', 'docker-init\n'],
    ['--group-add', '77', 'id -G | grep -c 77', '1\n'],
    ['--oom-score-adj', '500', 'cat /proc/self/oom_score_adj', '500\n'],
    ['--security-opt', 'no-new-privileges', 'grep NoNew /proc/self/status | cut -f2', '1\n'],
    ['--ipc', 'none', 'ls /dev/shm 2>/dev/null; echo $?', '1\n'],
    ['--device', '/dev/null:/dev/void', 'echo x > /dev/void && echo ok', 'ok\n'],
    ['--security-opt', 'systempaths=unconfined', 'grep -c " /proc/" /proc/mounts', '0\n'],
  ])('%s %s', async (flag, value, line, expected) => {
    expect(await sh(line, flag, ...(flag === value ? [] : [value]))).toBe(expected);
  });
  it('--privileged, --pid host, --uts host', async () => {
    expect(await sh('mkdir /m; mount -t tmpfs t /m && echo ok', '--privileged')).toBe('ok\n');
    expect(await sh('ls -d /proc/$PID', '--pid', 'host', '-e', `PID=${process.pid}`)).toBe(
      `/proc/${process.pid}\n`,
    );
  });
  it('--network container: the same address, named by id, and no host name of its own', async () => {
    await suite.docker('run', '-d', '--name', 'donor', 'busybox', 'sleep', '1000');
    const ip = await suite.inspect('{{.NetworkSettings.IPAddress}}', 'donor');
    const id = await suite.inspect('{{.Id}}', 'donor');
    const line = 'ip -4 -o addr show eth0';
    const { stdout } = await suite.docker(
      'run',
      '--name',
      'guest',
      '--network',
      'container:donor',
      'busybox',
      'sh',
      '-c',
      line,
    );
    expect(stdout).toContain(`inet ${ip}/`);
    expect(await suite.inspect('{{.HostConfig.NetworkMode}}', 'guest')).toBe(`container:${id}`);
    const named = await suite.docker(
      'run',
      '--rm',
      '-h',
      'x',
      '--network',
      'container:donor',
      'busybox',
    );
    expect(named.stderr).toContain('conflicting options: hostname and the network mode');
  });
  it('--cidfile, --label-file, --env-file, --annotation', async () => {
    const files = ['cid', 'labels', 'env'].map((name) => join(host, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(files[1], '# note\na=b\n');
    writeFileSync(files[2], '# note\nX=1\nY=two words\n');
    const words = [
      '--label-file',
      files[1],
      '--env-file',
      files[2],
      '--annotation',
      'k=v',
      'busybox',
      'env',
    ];
    for (const command of ['docker', 'petri'] as const) {
      const ran = await suite.engine[command](
        'run',
        '--name',
        'filed',
        '--cidfile',
        files[0],
        ...words,
      );
      expect(ran.stdout).toMatch(/X=1\nY=two words\n/);
      expect(readFileSync(files[0], 'utf8')).toBe(await suite.inspect('{{.Id}}', 'filed'));
      expect(
        await suite.inspect('{{json .Config.Labels}} {{json .HostConfig.Annotations}}', 'filed'),
      ).toBe('{"a":"b"} {"k":"v"}');
      const again = await suite.engine[command]('run', '--cidfile', files[0], 'busybox');
      expect([again.code, again.stderr]).toEqual([
        125,
        expect.stringContaining('ontainer ID file found'),
      ]);
      rmSync(files[0]);
      await suite.docker('rm', 'filed');
    }
  });
  it.each<[string, string[], string]>([
    ['a sysctl of the host', ['--sysctl', 'kernel.core_pattern=x'], 'not allowed'],
    ['a target in /proc', ['-v', '/tmp:/proc/sys'], 'inside /proc'],
    ['/ as target', ['-v', '/tmp:/'], "destination can't be '/'"],
    ['two on one target', ['-v', '/tmp:/x', '-v', '/var:/x'], 'Duplicate mount point'],
    ['an unknown tmpfs option', ['--tmpfs', '/t:foo=1'], 'invalid tmpfs option'],
    ['an unknown security option', ['--security-opt', 'foo=bar'], 'invalid --security-opt'],
    [
      'an unknown log option',
      ['--log-opt', 'foo=1'],
      "unknown log opt 'foo' for json-file log driver",
    ],
    ['a container that is not there', ['--pid', 'container:nosuch'], 'No such container: nosuch'],
  ])('refuses %s', async (_, flags, why) => {
    const ran = await run(...flags, 'busybox', 'true');
    expect([ran.code, ran.stderr]).toEqual([125, expect.stringContaining(why)]);
  });
});

describe('docker top, stats, port', () => {
  it('top is what docker prints, by both commands', async () => {
    await suite.docker('run', '-d', '--name', 'busy', 'busybox', 'sh', '-c', 'sleep 1000; true');
    for (const words of [[], ['-o', 'pid,comm'], ['aux']]) {
      const [docker, petri] = await both('top', 'busy', ...words);
      expect(petri.stdout.replace(/ +/g, ' ')).toBe(docker.stdout.replace(/ +/g, ' '));
      expect(docker.stdout).toMatch(/PID/);
      expect(docker.stdout.trim().split('\n')).toHaveLength(3);
    }
    const { stderr } = await suite.docker('top', 'nosuch');
    expect(stderr).toContain('No such container: nosuch');
  });
  it('stats once, by both commands', async () => {
    await suite.docker('run', '-d', '--name', 'busy', '-m', '64m', 'busybox', 'sleep', '1000');
    const [docker, petri] = await both('stats', '--no-stream');
    const heading =
      /^CONTAINER ID +NAME +CPU % +MEM USAGE \/ LIMIT +MEM % +NET I\/O +BLOCK I\/O +PIDS *\n/;
    for (const { stdout } of [docker, petri]) {
      expect(stdout).toMatch(heading);
      expect(stdout).toMatch(
        /\n[0-9a-f]{12} +busy +\d+\.\d\d% +[\d.]+[KM]iB \/ 64MiB +\d+\.\d\d% +\S+ \/ \S+ +\S+ \/ \S+ +1 *\n$/,
      );
    }
    const [one, other] = await both(
      'stats',
      '--no-stream',
      '--format',
      '{{.Name}} {{.PIDs}}',
      'busy',
    );
    expect([one.stdout, other.stdout]).toEqual(['busy 1\n', 'busy 1\n']);
  });
  it('the API streams stats and ends with the container', async () => {
    const { stdout } = await suite.docker(
      'run',
      '-d',
      '--name',
      'busy',
      'busybox',
      'sleep',
      '1000',
    );
    const stream = suite.engine.api('GET', `/containers/${stdout.trim()}/stats`);
    await suite.shell('docker stats --no-stream busy; docker rm -f busy');
    const lines = (await stream).text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.length).toBeGreaterThan(1);
    expect(lines[1].precpu_stats).toEqual(lines[0].cpu_stats);
    const bad = await suite.engine.api('GET', '/containers/x/stats?stream=1&one-shot=1');
    expect(bad.status).toBe(400);
  });
  it('port of a container that publishes none', async () => {
    await suite.docker('run', '-d', '--name', 'busy', 'busybox', 'sleep', '1000');
    const [docker, petri] = await both('port', 'busy');
    expect([docker, petri]).toEqual([
      expect.objectContaining({ code: 0, stdout: '' }),
      expect.objectContaining({ code: 0, stdout: '' }),
    ]);
    const [one, other] = await both('port', 'busy', '80');
    expect([one.code, other.code]).toEqual([1, 1]);
    for (const { stderr } of [one, other])
      expect(stderr).toContain("o public port '80' published for busy");
  });
});
