import { describe, expect, it } from 'vitest';
import { canonical, type FlagSpec } from '../../src/cli/flags.ts';
import { createBody } from '../../src/cli/run/body.ts';
import { readFlags } from '../support/cli-flags.ts';

const specs: readonly FlagSpec[] = [
  { long: 'interactive', short: 'i', text: '' },
  { long: 'tty', short: 't', text: '' },
  { long: 'env', short: 'e', value: 'list', list: true, text: '' },
  { long: 'explain', value: 'format', bare: 'text', text: '' },
];

function body(...line: string[]): ReturnType<typeof createBody> {
  const { flags, operands } = readFlags(line);
  return createBody(operands, flags, { HOME: '/root' });
}

describe('flags', () => {
  it.each([
    [
      ['-it', 'x', '-i'],
      ['--interactive=true', '--tty=true'],
      ['x', '-i'],
    ],
    [['-eA=b', '-e', '-C=d', '-e=E=f'], ['--env=A=b', '--env=-C=d', '--env=E=f'], []],
    [['--tty=false', '--env', 'x'], ['--tty=false', '--env=x'], []],
    [['-ieA=b', '--', '-t'], ['--interactive=true', '--env=A=b'], ['-t']],
    [['--explain', 'x'], ['--explain=text'], ['x']],
    [['--explain=json', '-'], ['--explain=json'], ['-']],
  ])('%j end at the first operand', (line, flags, operands) => {
    expect(canonical(line, specs, false)).toEqual({ flags, operands });
  });

  it('may stand between operands where the command says so', () => {
    expect(canonical(['a', '-t', 'b'], specs, true)).toEqual({
      flags: ['--tty=true'],
      operands: ['a', 'b'],
    });
  });

  it.each([
    [['--foo'], 'unknown flag: --foo'],
    [['-iz'], "unknown shorthand flag: 'z' in -iz"],
    [['--env'], 'flag needs an argument: --env'],
    [['-ie'], "flag needs an argument: 'e' in -ie"],
  ])('%j are refused in docker’s words', (line, message) => {
    expect(() => canonical(line, specs, false)).toThrow(message);
  });

  it.each([
    [['-m', 'abc', 'i'], `invalid argument "abc" for "-m, --memory" flag: invalid size: 'abc'`],
    [['--rm=maybe', 'i'], 'invalid argument "maybe" for "--rm" flag: strconv.ParseBool'],
    [['--ulimit', 'nofile=9:1', 'i'], 'ulimit soft limit must be less than or equal'],
    [['--mount', 'type=bind,foo=1', 'i'], "unexpected key 'foo'"],
    [
      ['--mount', 'type=bind,src=/a,dst=/b,bind-recursive=writable', 'i'],
      "option 'bind-recursive=writable' requires 'readonly' to be specified in conjunction",
    ],
    [
      ['--mount', 'type=bind,src=/a,dst=/b,ro,bind-recursive=readonly', 'i'],
      "option 'bind-recursive=readonly' requires 'bind-propagation=rprivate'",
    ],
    [['--mount', 'dst=/b,volume-nocopy,type=bind', 'i'], "cannot mix 'volume-*' options"],
    [['-p', '1:2:3:4', 'i'], 'invalid'],
    [['--restart', 'on-failure:x', 'i'], 'maximum retry count must be an integer'],
    [['-a', 'foo', 'i'], 'valid streams are STDIN, STDOUT and STDERR'],
    [['--sysctl', 'vm.x=1', 'i'], "sysctl 'vm.x=1' is not allowed"],
  ])('%j: %s', (line, message) => {
    expect(() => body(...line)).toThrow(message);
  });
});

describe('the body of create', () => {
  it('has the program after the image, and its flags are its own', () => {
    expect(body('busybox', 'ls', '-l', '--rm')).toMatchObject({
      Image: 'busybox',
      Cmd: ['ls', '-l', '--rm'],
      HostConfig: { AutoRemove: false },
    });
  });

  it('says resources in the units of the API', () => {
    expect(
      body(
        '-m',
        '512m',
        '--memory-swap=-1',
        '--cpus',
        '1.5',
        '-c',
        '7',
        '--pids-limit',
        '9',
        '--shm-size',
        '1k',
        'i',
      ).HostConfig,
    ).toMatchObject({
      Memory: 536870912,
      MemorySwap: -1,
      NanoCpus: 1.5e9,
      CpuShares: 7,
      PidsLimit: 9,
      ShmSize: 1024,
    });
  });

  it('attaches stdin only with -i, and nothing with -d', () => {
    expect(body('i')).toMatchObject({ AttachStdin: false, AttachStdout: true, OpenStdin: false });
    expect(body('-i', 'i')).toMatchObject({ AttachStdin: true, OpenStdin: true, StdinOnce: true });
    expect(body('-di', 'i')).toMatchObject({
      AttachStdin: false,
      AttachStdout: false,
      OpenStdin: true,
      StdinOnce: false,
    });
  });

  it('takes the environment of the caller for a name alone', () => {
    expect(body('-e', 'A=b', '-e', 'HOME', '-e', 'NONE', 'i').Env).toEqual(['A=b', 'HOME=/root']);
  });

  it('maps ports, ranges and protocols', () => {
    const { ExposedPorts, HostConfig } = body(
      '-p',
      '127.0.0.1:80:8080/udp',
      '-p',
      '[::1]::9',
      '-p',
      '90-91:70-71',
      '--expose',
      '5',
      'i',
    );
    expect(Object.keys(ExposedPorts ?? {})).toEqual([
      '8080/udp',
      '9/tcp',
      '70/tcp',
      '71/tcp',
      '5/tcp',
    ]);
    expect(HostConfig?.PortBindings).toEqual({
      '8080/udp': [{ HostIp: '127.0.0.1', HostPort: '80' }],
      '9/tcp': [{ HostIp: '::1', HostPort: '' }],
      '70/tcp': [{ HostIp: '', HostPort: '90' }],
      '71/tcp': [{ HostIp: '', HostPort: '91' }],
    });
  });

  it('has the options of a volume in --mount', () => {
    const { HostConfig } = body(
      '--mount',
      'src=data,dst=/y,ro,volume-nocopy,volume-subpath=a/b,volume-driver=local,volume-opt=type=tmpfs,volume-opt=o=a,volume-label=k=v,volume-label=l',
      'i',
    );
    expect(HostConfig?.Mounts).toEqual([
      {
        Type: 'volume',
        Source: 'data',
        Target: '/y',
        ReadOnly: true,
        VolumeOptions: {
          NoCopy: true,
          Subpath: 'a/b',
          Labels: { k: 'v', l: '' },
          DriverConfig: { Name: 'local', Options: { type: 'tmpfs', o: 'a' } },
        },
      },
    ]);
  });

  it('has volumes, mounts and tmpfs where the API wants them', () => {
    const { Volumes, HostConfig } = body(
      '-v',
      '/a',
      '-v',
      '/b:/c:ro',
      '--tmpfs',
      '/t:size=1m',
      '--mount',
      'type=bind,src=/x,dst=/y,readonly',
      'i',
    );
    expect(Volumes).toEqual({ '/a': {} });
    expect(HostConfig).toMatchObject({
      Binds: ['/b:/c:ro'],
      Tmpfs: { '/t': 'size=1m' },
      Mounts: [{ Type: 'bind', Source: '/x', Target: '/y', ReadOnly: true }],
    });
  });
});
