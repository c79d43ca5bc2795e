/** Every flag of `docker run` that is built: its effect as seen from inside the container or in the kernel. */
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { DockerSuite } from '../support/docker.ts';
import type { Ran } from '../support/supervisor.ts';

const suite = new DockerSuite();

/** `docker run --rm` with these words. */
const run = (...words: string[]): Promise<Ran> => suite.docker('run', '--rm', ...words);
/** A shell's line in a container without network, with these flags. */
const sh = (line: string, ...flags: string[]): Promise<Ran> =>
  run('--network', 'none', ...flags, 'busybox', 'sh', '-c', line);

describe('the exit code', () => {
  it.each<[string, string[], number]>([
    ['of a program', ['busybox', 'true'], 0],
    ['of a program that fails', ['busybox', 'sh', '-c', 'exit 3'], 3],
    ['255', ['busybox', 'sh', '-c', 'exit 255'], 255],
    ['of what cannot be found', ['busybox', 'nosuch'], 127],
    ['of what cannot be executed', ['busybox', '/etc/passwd'], 126],
    ['of an error of the engine', ['nosuchimage'], 125],
  ])('%s', async (_name, words, code) => {
    const ran = await run('--network', 'none', ...words);
    expect(ran.code).toBe(code);
  });

  it('is 128 and the signal for a program that was killed', async () => {
    await suite.docker('run', '-d', '--name', 'victim', 'busybox', 'sleep', '1000');
    const [wait] = await Promise.all([
      suite.docker('wait', 'victim'),
      suite.docker('kill', 'victim'),
    ]);
    expect(wait.stdout).toBe('137\n');
  });
});

describe('what the program gets', () => {
  it.each<[string, string[], string, string]>([
    ['-e', ['-e', 'A=b c', '-e', 'B='], 'echo "[$A][$B]"; env | grep -c ^B=', '[b c][]\n1\n'],
    ['-e over the image', ['-e', 'PATH=/bin'], 'echo $PATH', '/bin\n'],
    ['no -e', [], 'env | cut -d= -f1 | sort | tr "\\n" " "', 'HOME HOSTNAME PATH PWD SHLVL '],
    ['-w', ['-w', '/tmp'], 'pwd', '/tmp\n'],
    [
      '-w of a folder that is not there',
      ['-w', '/new/one'],
      'pwd; stat -c %a:%u:%g .',
      '/new/one\n755:0:0\n',
    ],
    ['no -u', [], 'id -u; id -G; pwd', '0\n0 10\n/\n'],
    [
      '-u by name',
      ['-u', 'nobody'],
      'id -un; id -g; id -G; ls /bin/sh',
      'nobody\n65534\n65534\n/bin/sh\n',
    ],
    [
      '-u by numbers',
      ['-u', '1234:56'],
      'id -u; id -G; cat /etc/hostname | wc -l',
      '1234\n56\n1\n',
    ],
    ['-u without group', ['-u', '4321'], 'id -u; id -g', '4321\n0\n'],
    [
      '-u drops capabilities',
      ['-u', '1'],
      'grep CapEff /proc/self/status',
      'CapEff:\t0000000000000000\n',
    ],
    [
      'no --privileged',
      [],
      'grep -E "Cap(Eff|Bnd)" /proc/self/status',
      'CapEff:\t00000000a80425fb\nCapBnd:\t00000000a80425fb\n',
    ],
    [
      '-h',
      ['-h', 'my-host'],
      'hostname; cat /etc/hostname; cat /proc/sys/kernel/hostname',
      'my-host\nmy-host\nmy-host\n',
    ],
    ['pid 1', [], 'echo $$; ls /proc | grep -c "^[0-9]"', '1\n3\n'],
    // Not into a pipe: the shell would hold an end of it for a moment.
    ['descriptors', [], 'ls /proc/1/fd; true', '0\n1\n2\n'],
    ['umask', [], 'umask', '0022\n'],
    ['a stdin that is empty', [], 'wc -c', '0\n'],
    ['no terminal', [], 'test -t 0 || test -t 1 || echo none', 'none\n'],
    ['a root that can be written', [], 'touch /x && stat -c %a / && rm /x', '755\n'],
    ['--read-only', ['--read-only'], 'touch /x 2>&1', 'touch: /x: Read-only file system\n'],
    [
      'protected paths',
      [],
      'cat /proc/kcore | wc -c; echo x > /proc/sys/kernel/hostname; mount -t tmpfs t /tmp; echo $?',
      '0\n1\n',
    ],
  ])('%s', async (_name, flags, line, expected) => {
    expect((await sh(line, ...flags)).stdout).toBe(expected);
  });

  it('--entrypoint: the program; the rest are its arguments', async () => {
    const ran = await run('--network', 'none', '--entrypoint', 'echo', 'busybox', '--rm', 'x');
    expect(ran).toEqual({ code: 0, stdout: '--rm x\n', stderr: '' });
  });

  it('the beginning of the id as host name if none is given', async () => {
    const { stdout } = await sh('hostname');
    expect(stdout).toMatch(/^[0-9a-f]{12}\n$/);
  });

  it('the variable of the one who calls, with -e NAME alone', async () => {
    const { stdout } = await suite.shell(
      'X="a b" docker run --rm --network none -e X -e NOT_SET busybox sh -c \'echo "$X"; env | grep -c NOT_SET\'',
    );
    expect(stdout).toBe('a b\n0\n');
  });
});

describe('limits', () => {
  /** The file of v1 or of v2, whichever this host has. */
  const limit = async (file: string, v1: string, ...flags: string[]): Promise<string> => {
    const line = `cd /sys/fs/cgroup; cat ${file} 2>/dev/null || cat ${v1}`;
    return (await sh(line, ...flags)).stdout.trim();
  };

  it('-m: in the cgroup, and who takes more is killed', async () => {
    expect(await limit('memory.max', 'memory/memory.limit_in_bytes', '-m', '64m')).toBe('67108864');
    const name = 'hungry';
    const { code } = await suite.docker(
      'run',
      '-m',
      '16m',
      '--memory-swap',
      '16m',
      '--name',
      name,
      'busybox',
      'dd',
      'if=/dev/zero',
      'of=/dev/null',
      'bs=64M',
      'count=1',
    );
    expect(code).toBe(137);
    expect(await suite.inspect('{{.State.OOMKilled}} {{.State.ExitCode}}', name)).toBe('true 137');
  });
  it('--cpus', async () => {
    expect(await limit('cpu.max', 'cpu/cpu.cfs_quota_us', '--cpus', '0.5')).toMatch(
      /^50000( 100000)?$/,
    );
  });
  it('-c', async () => {
    expect(await limit('cpu.weight', 'cpu/cpu.shares', '-c', '512')).toMatch(/^(512|20)$/);
  });
  it('--pids-limit: in the cgroup, and no process more', async () => {
    expect(await limit('pids.max', 'pids/pids.max', '--pids-limit', '7')).toBe('7');
    const line = 'for i in 1 2 3 4 5 6 7 8; do sleep 100 & done';
    expect((await sh(line, '--pids-limit', '5')).stderr).toContain("can't fork");
  });
  it('are the kernel’s, in a cgroup that is named after the container', async () => {
    const { stdout: id } = await suite.docker('run', '-d', '-m', '32m', 'busybox', 'sleep', '1000');
    const pid = await suite.inspect('{{.State.Pid}}', id.trim());
    expect(readFileSync(`/proc/${pid}/cgroup`, 'utf8')).toContain(`/${id.trim()}`);
  });
});

describe('--network', () => {
  const here = readlinkSync('/proc/self/ns/net');

  it('none: a namespace with loopback only', async () => {
    const { stdout } = await sh(
      'readlink /proc/self/ns/net; ls /sys/class/net; ping -c 1 -W 1 127.0.0.1 | grep -c "1 packets received"',
    );
    expect(stdout.split('\n').slice(1)).toEqual(['lo', '1', '']);
    expect(stdout).not.toContain(here);
  });
  it('host: the host’s own', async () => {
    const { stdout } = await run(
      '--network',
      'host',
      'busybox',
      'sh',
      '-c',
      'readlink /proc/self/ns/net; hostname',
    );
    expect(stdout).toBe(`${here}\n${hostname()}\n`);
  });
  it.each([[[]], [['--network', 'bridge']], [['--network', 'default']]])(
    'bridge by %j: an address of the pool',
    async (flags) => {
      const line = 'readlink /proc/self/ns/net; ip -4 -o addr show eth0; ip route; cat /etc/hosts';
      const { stdout } = await run('-h', 'web', ...flags, 'busybox', 'sh', '-c', line);
      const gateway = suite.engine.bip.replace('/24', '');
      const net = gateway.replace(/\.1$/, '');
      expect(stdout).not.toContain(here);
      expect(stdout).toMatch(new RegExp(`inet ${net}\\.\\d+/24 .*eth0`));
      expect(stdout).toContain(`default via ${gateway} dev eth0`);
      expect(stdout).toMatch(new RegExp(`^${net}\\.\\d+\tweb$`, 'm'));
    },
  );
});

describe('how it runs', () => {
  it('-d: prints the id and goes; the container runs', async () => {
    const { stdout, code } = await suite.docker(
      'run',
      '-d',
      '--name',
      'daemon',
      'busybox',
      'sleep',
      '1000',
    );
    expect([code, /^[0-9a-f]{64}\n$/.test(stdout)]).toEqual([0, true]);
    const pid = await suite.inspect('{{.State.Pid}}', 'daemon');
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).toBe('sleep\0' + '1000\0');
    expect(readlinkSync(`/proc/${pid}/ns/pid`)).not.toBe(readlinkSync('/proc/self/ns/pid'));
  });
  it('without --rm the container stays, with it nothing does', async () => {
    await suite.docker('run', '--name', 'stays', 'busybox', 'true');
    expect(await suite.inspect('{{.State.Status}}', 'stays')).toBe('exited');
    const { stdout } = await suite.docker(
      'run',
      '--rm',
      '-d',
      '--name',
      'goes',
      'busybox',
      'sh',
      '-c',
      'read x',
    );
    await suite.shell(`while docker inspect goes; do :; done`);
    expect(existsSync(`${suite.engine.root}/data/containers/${stdout.trim()}`)).toBe(false);
  });
  it('--rm -d: gone when it has ended by a signal', async () => {
    const { stdout } = await suite.docker(
      'run',
      '--rm',
      '-d',
      '--name',
      'goes',
      'busybox',
      'sleep',
      '1000',
    );
    await suite.docker('kill', 'goes');
    await suite.shell('while docker inspect goes; do :; done');
    expect(existsSync(`${suite.engine.root}/data/containers/${stdout.trim()}`)).toBe(false);
  });
  it('--name: by it the container is found', async () => {
    await suite.docker('create', '--name', 'my.name_1-x', 'busybox');
    expect(await suite.inspect('{{.Name}}', 'my.name_1-x')).toBe('/my.name_1-x');
  });
});
