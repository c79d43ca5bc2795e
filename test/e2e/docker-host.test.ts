/** A supervisor that cannot start says why, ends with 1 and leaves nothing; one that runs is not disturbed by it. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DockerSuite } from '../support/docker.ts';
import { type Ran, run } from '../support/supervisor.ts';

const suite = new DockerSuite();
let root: string;
let bridge: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'petri-host-'));
  bridge = `pt${randomBytes(3).toString('hex')}`;
});
afterEach(async () => {
  expect(existsSync(`/sys/class/net/${bridge}`)).toBe(false);
  expect((await run('nft', ['list', 'tables'])).stdout).not.toContain(bridge);
  await rm(root, { recursive: true });
});

/** Its flags, with what differs from those of a supervisor that would start. */
function flags(changes: Record<string, string> = {}): string[] {
  const all: Record<string, string> = {
    '--data-root': join(root, 'data'),
    '--exec-root': join(root, 'run'),
    '-H': `unix://${join(root, 'sock')}`,
    '--pidfile': join(root, 'pid'),
    '--bridge': bridge,
    '--bip': '10.251.7.1/24',
    ...changes,
  };
  return Object.entries(all).flat();
}

/** A supervisor that is to fail. Should it start after all, the time limit ends it. */
function start(flagList: string[], wrapper: string[] = []): Promise<Ran> {
  const command = ['20', ...wrapper, process.execPath, 'dist/supervisor.mjs', ...flagList];
  return run('timeout', command);
}
const refused = (message: RegExp) => ({
  code: 1,
  stdout: '',
  stderr: expect.stringMatching(message),
});

describe('beside another supervisor', () => {
  it('on the same data root: refused, naming who holds it; that one goes on', async () => {
    const own = join(suite.engine.root, 'data');
    expect(await start(flags({ '--data-root': own }))).toEqual(
      refused(new RegExp(`data root ${own} is in use by process ${suite.engine.pid} `)),
    );
    expect((await suite.docker('run', '--rm', 'busybox', 'echo', 'hi')).stdout).toBe('hi\n');
  });
  it('on the same socket: refused; that one still answers on it', async () => {
    expect(await start(flags({ '-H': `unix://${suite.engine.socket}` }))).toEqual(
      refused(
        /cannot listen on .*: another process serves it; stop that one or choose another address with -H/,
      ),
    );
    expect((await suite.docker('run', '--rm', 'busybox', 'echo', 'hi')).stdout).toBe('hi\n');
  });
});

describe('without what it needs', () => {
  it('not root', async () => {
    await chmod(root, 0o777);
    const nobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];
    expect(await start(flags(), nobody)).toEqual(refused(/not root: .*sudo/));
    expect(existsSync(join(root, 'data'))).toBe(false);
  });
  it('root without its rights', async () => {
    const without = ['setpriv', '--bounding-set', '-sys_admin'];
    expect(await start(flags(), without)).toEqual(refused(/root without CAP_SYS_ADMIN/));
  });
  it('no control groups', async () => {
    const hidden = ['unshare', '-m', 'sh', '-c', 'umount -R -l /sys/fs/cgroup && exec "$@"', '-'];
    expect(await start(flags(), hidden)).toEqual(
      refused(/no control groups are mounted: mount -t cgroup2/),
    );
  });
  it('no room to write', async () => {
    const readOnly = [
      'unshare',
      '-m',
      'sh',
      '-c',
      `mount -t tmpfs -o ro none ${root} && exec "$@"`,
      '-',
    ];
    expect(await start(flags(), readOnly)).toEqual(refused(/^petri supervisor: E.*\/data'\n$/));
  });
});

describe('with wrong flags', () => {
  it.each<[string, Record<string, string>, RegExp]>([
    ['unknown flag', { '--nosuch': 'x' }, /--nosuch/],
    ['relative path', { '--data-root': 'data' }, /--data-root data: the path must be absolute/],
    ['no unix socket', { '-H': 'tcp://0.0.0.0:2375' }, /only unix:\/\//],
    ['a socket path too long', { '-H': `unix:///tmp/${'x'.repeat(200)}` }, /at most 107 bytes/],
    ['no network', { '--bip': '10.1.2.3' }, /--bip 10\.1\.2\.3: an IPv4 address with a prefix/],
    ['an address that is none', { '--bip': '10.300.0.1/16' }, /--bip/],
    ['the address of the network itself', { '--bip': '10.251.7.0/24' }, /10\.251\.7\.0/],
    ['a level that is none', { '--log-level': 'loud' }, /--log-level loud: one of/],
    [
      'an insecure registry that is none',
      { '--insecure-registry': 'a/b' },
      /insecure registry a\/b/,
    ],
    ['a network that is none', { '--insecure-registry': '10.0.0.0/33' }, /no such network/],
    [
      'a mirror that is none',
      { '--registry-mirror': 'm' },
      /invalid mirror: "m" is not a valid URI/,
    ],
    ['a link name too long', { '--bridge': 'a-name-of-sixteen' }, /a-name-of-sixteen/],
    ['a link name with a slash', { '--bridge': 'a/b' }, /a\/b/],
  ])('%s', async (_case, changes, message) => {
    const ran = await start(flags(changes));
    expect(ran).toEqual(refused(message));
    expect(ran.stderr).not.toMatch(/^ {4}at /m);
  });
  it('a file where the socket should be is left alone', async () => {
    writeFileSync(join(root, 'sock'), 'mine');
    expect(await start(flags())).toEqual(refused(/sock: it exists and is not a socket/));
    expect(existsSync(join(root, 'sock'))).toBe(true);
  });
  it('a file where the data root should be', async () => {
    writeFileSync(join(root, 'data'), 'mine');
    expect((await start(flags())).code).toBe(1);
  });
  it('a folder where the pid file should be', async () => {
    mkdirSync(join(root, 'pid'));
    const ran = await start(flags());
    expect(ran).toEqual(refused(/pid/));
    expect(existsSync(join(root, 'sock'))).toBe(false);
  });
});
