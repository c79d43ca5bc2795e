/** Networks of users, by docker's command: made, joined, left and removed, apart from each other, over restarts. */
import { randomInt } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { DockerSuite } from '../support/docker.ts';

const suite = new DockerSuite();
const { docker, shell } = {
  docker: (...words: string[]) => suite.docker(...words),
  shell: (script: string) => suite.shell(script),
};
/** Subnets of this run alone: 10.X.0.0/24 and on. */
const base = `10.${randomInt(100, 199)}`;
const subnet = (n: number) => `${base}.${n}.0/24`;

afterEach(async () => {
  await suite.removeContainers();
  await docker('network', 'prune', '-f');
});

const out = async (...words: string[]) => {
  const { code, stdout, stderr } = await docker(...words);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return stdout.trim();
};
const idle = (name: string, ...options: string[]) =>
  out('run', '-d', '--name', name, ...options, 'busybox', 'sleep', '1000');
const addressOn = (network: string, name: string) =>
  suite.inspect(`{{(index .NetworkSettings.Networks "${network}").IPAddress}}`, name);
const reaches = async (from: string, address: string) =>
  (await docker('exec', from, 'ping', '-c', '1', '-W', '1', address)).code === 0;

describe('a network', () => {
  it('is made with a bridge of its own, shown, and leaves nothing when it is removed', async () => {
    const links = async () => (await shell('ip -o link | grep -c " br-"')).stdout;
    const before = await links();
    const id = await out('network', 'create', '--subnet', subnet(1), '--label', 'a=b', 'web');
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    expect((await shell(`ip -4 -o addr show br-${id.slice(0, 12)}`)).stdout).toContain(
      `${base}.1.1/24`,
    );
    const line = await out('network', 'ls', '--format', '{{.ID}} {{.Name}} {{.Driver}} {{.Scope}}');
    expect(line.split('\n')).toContain(`${id.slice(0, 12)} web bridge local`);
    expect(await out('network', 'ls', '-q', '--filter', 'label=a=b')).toBe(id.slice(0, 12));
    expect(await out('network', 'rm', 'web')).toBe('web');
    expect(await links()).toBe(before);
    expect((await docker('network', 'inspect', 'web')).stderr).toContain('network web not found');
  });

  it('without a subnet gets one that overlaps no other', async () => {
    await out('network', 'create', 'one');
    await out('network', 'create', 'two');
    const of = (name: string) =>
      out('network', 'inspect', '-f', '{{(index .IPAM.Config 0).Subnet}}', name);
    expect(await of('one')).not.toBe(await of('two'));
  });

  it('is apart from the others, and its containers reach each other and the outside', async () => {
    await out('network', 'create', '--subnet', subnet(1), 'one');
    await out('network', 'create', '--subnet', subnet(2), 'two');
    for (const [name, network] of [
      ['aa', 'one'],
      ['bb', 'one'],
      ['cc', 'two'],
      ['dd', 'bridge'],
    ] as const)
      await idle(name, '--network', network);
    expect(await reaches('aa', await addressOn('one', 'bb'))).toBe(true);
    expect(await reaches('aa', await addressOn('two', 'cc'))).toBe(false);
    expect(await reaches('aa', await addressOn('bridge', 'dd'))).toBe(false);
    expect(await reaches('dd', await addressOn('one', 'aa'))).toBe(false);
    expect(await reaches('aa', `${base}.1.1`)).toBe(true);
    // The positive control: on both networks it is reached from either.
    await out('network', 'connect', 'two', 'aa');
    expect(await reaches('aa', await addressOn('two', 'cc'))).toBe(true);
  });

  it('that is internal leads nowhere', async () => {
    await out('network', 'create', '--internal', '--subnet', subnet(1), 'int');
    await idle('aa', '--network', 'int');
    await idle('bb', '--network', 'int');
    expect((await docker('exec', 'aa', 'ip', 'route')).stdout).not.toContain('default');
    expect(await reaches('aa', await addressOn('int', 'bb'))).toBe(true);
  });

  it('in use cannot be removed, one that stopped containers are on can', async () => {
    const web = await out('network', 'create', 'web');
    await idle('aa', '--network', 'web');
    const { code, stderr } = await docker('network', 'rm', 'web');
    expect([code, stderr]).toEqual([1, expect.stringContaining('has active endpoints')]);
    await out('stop', '-t', '0', 'aa');
    await out('network', 'rm', web.slice(0, 8));
    const start = await docker('start', 'aa');
    expect(start.stderr).toContain('network web not found');
    expect(await suite.inspect('{{.State.Status}}', 'aa')).toBe('exited');
  });

  it('has IPv6 when it is asked for', async () => {
    await out(
      'network',
      'create',
      '--ipv6',
      '--subnet',
      'fd99:7::/64',
      '--subnet',
      subnet(1),
      'six',
    );
    await idle('aa', '--network', 'six');
    const { stdout } = await docker(
      'run',
      '--rm',
      '--network',
      'six',
      '--ip6',
      'fd99:7::99',
      'busybox',
      'sh',
      '-c',
      `ip -6 addr show eth0; ip -6 route; ping -6 -c1 -W2 fd99:7::1; ping -6 -c1 -W2 ${await suite.inspect(
        '{{.NetworkSettings.Networks.six.GlobalIPv6Address}}',
        'aa',
      )}`,
    );
    expect(stdout).toContain('inet6 fd99:7::99/64');
    expect(stdout).toContain('default via fd99:7::1');
    expect(stdout.match(/1 packets received/g)).toHaveLength(2);
  });

  it('without IPv6 has no address of that kind but loopback’s', async () => {
    await out('network', 'create', '--subnet', subnet(1), 'four');
    await idle('aa', '--network', 'four');
    const { stdout } = await docker('exec', 'aa', 'ip', '-6', '-o', 'addr');
    expect(stdout.match(/inet6 \S+/g)).toEqual(['inet6 ::1/128']);
    const { stdout: onHost } = await shell(
      `ip -6 -o addr show dev br-$(docker network ls -qf name=four)`,
    );
    expect(onHost).toBe('');
  });

  it('gives its containers nothing of the engine to talk to: it listens nowhere on the host', async () => {
    await out('network', 'create', '--subnet', subnet(1), 'web');
    await idle('aa', '--network', 'web');
    const listening = () => shell(`ss -Hlntup | grep "pid=${suite.engine.pid},"`);
    expect((await listening()).stdout).toBe('');
    // The positive control: a published port without IPv6 inside is carried by the engine for IPv6.
    await idle('bb', '--network', 'web', '-p', '80');
    expect((await listening()).stdout).toMatch(/\[::\]:\d+/);
  });

  it('of the engine stays, and its name is nobody else’s', async () => {
    for (const name of ['bridge', 'host', 'none']) {
      expect((await docker('network', 'rm', name)).stderr).toContain('pre-defined network');
      expect((await docker('network', 'create', name)).stderr).toContain('not permitted');
    }
  });
});

describe('an endpoint', () => {
  it('has the address, hardware address and aliases that were asked for', async () => {
    await out('network', 'create', '--subnet', subnet(1), '--ip-range', `${base}.1.128/25`, 'web');
    await idle(
      'aa',
      '--network',
      'web',
      '--ip',
      `${base}.1.7`,
      '--network-alias',
      'app',
      '--mac-address',
      '02:00:00:00:00:07',
    );
    const { stdout } = await docker('exec', 'aa', 'ip', 'addr', 'show', 'eth0');
    expect(stdout).toContain(`inet ${base}.1.7/24`);
    expect(stdout).toContain('link/ether 02:00:00:00:00:07');
    const names = await suite.inspect('{{json .NetworkSettings.Networks.web.DNSNames}}', 'aa');
    expect(JSON.parse(names)).toEqual(expect.arrayContaining(['aa', 'app']));
    await idle('bb', '--network', 'web');
    expect(await addressOn('web', 'bb')).toBe(`${base}.1.128`);
    const taken = await docker('run', '--rm', '--network', 'web', '--ip', `${base}.1.7`, 'busybox');
    expect([taken.code, taken.stderr]).toEqual([
      125,
      expect.stringContaining('Address already in use'),
    ]);
    await out('restart', '-t', '0', 'aa');
    expect(await addressOn('web', 'aa')).toBe(`${base}.1.7`);
  });

  it('comes and goes while the container runs, and the default route goes with it', async () => {
    await out('network', 'create', '--subnet', subnet(1), 'one');
    await out('network', 'create', '--subnet', subnet(2), 'two');
    await idle('aa', '--network', 'two');
    const routes = async () => (await docker('exec', 'aa', 'ip', 'route')).stdout;
    expect(await routes()).toContain(`default via ${base}.2.1 dev eth0`);
    await out('network', 'connect', '--ip', `${base}.1.9`, '--alias', 'app', 'one', 'aa');
    // By name one comes first, docker's order of equals.
    expect(await routes()).toContain(`default via ${base}.1.1 dev eth1`);
    expect((await docker('exec', 'aa', 'cat', '/etc/hosts')).stdout).toContain(`${base}.1.9\t`);
    expect((await docker('network', 'connect', 'one', 'aa')).stderr).toContain('already exists');
    await out('network', 'disconnect', 'one', 'aa');
    expect(await routes()).toContain(`default via ${base}.2.1 dev eth0`);
    expect((await docker('exec', 'aa', 'cat', '/etc/hosts')).stdout).not.toContain(`${base}.1.9`);
    expect((await docker('network', 'disconnect', 'one', 'aa')).stderr).toContain('not connected');
    await out('network', 'disconnect', 'two', 'aa');
    expect(await suite.inspect('{{json .NetworkSettings.Networks}}', 'aa')).toBe('{}');
    expect(await out('network', 'rm', 'one', 'two')).toBe('one\ntwo');
  });

  it('is kept for a container that does not run, and is there when it starts', async () => {
    await out('network', 'create', '--subnet', subnet(1), 'one');
    await out('network', 'create', '--subnet', subnet(2), 'two');
    await out('create', '--name', 'aa', '--network', 'one', 'busybox', 'sleep', '1000');
    await out('network', 'connect', '--ip', `${base}.2.22`, 'two', 'aa');
    await out('start', 'aa');
    expect(await addressOn('two', 'aa')).toBe(`${base}.2.22`);
    expect((await docker('exec', 'aa', 'ip', 'addr')).stdout).toContain(`${base}.1.2/24`);
  });

  it('outlives the supervisor, and is shown by explain with the steps that made it', async () => {
    await out('network', 'create', '--subnet', subnet(1), 'one');
    await idle('aa', '--network', 'one');
    await out('network', 'connect', 'bridge', 'aa');
    const { stdout } = await suite.engine.petri('explain', 'aa');
    expect(stdout).toMatch(/peer.*eth1/);
    const address = await addressOn('one', 'aa');
    await suite.engine.kill();
    await suite.engine.up();
    expect(await addressOn('one', 'aa')).toBe(address);
    await idle('bb', '--network', 'one');
    expect(await addressOn('one', 'bb')).not.toBe(address);
    expect(await reaches('bb', address)).toBe(true);
    const members = await out('network', 'inspect', '-f', '{{len .Containers}}', 'one');
    expect(members).toBe('2');
  });

  it('of a link has a line in /etc/hosts and variables', async () => {
    await out(
      'run',
      '-d',
      '--name',
      'db',
      '-e',
      'COLOR=red',
      '--expose',
      '6379',
      'busybox',
      'sleep',
      '1000',
    );
    const address = await addressOn('bridge', 'db');
    const { stdout } = await docker(
      'run',
      '--rm',
      '--name',
      'web',
      '--link',
      'db:store',
      'busybox',
      'sh',
      '-c',
      'grep store /etc/hosts; env | grep ^STORE_ | sort',
    );
    expect(stdout).toContain(`${address}\tstore `);
    expect(stdout).toContain(`STORE_PORT_6379_TCP=tcp://${address}:6379`);
    expect(stdout).toContain('STORE_ENV_COLOR=red');
    expect(stdout).toContain('STORE_NAME=/web/store');
    await out('stop', '-t', '0', 'db');
    const late = await docker('run', '--rm', '--link', 'db', 'busybox');
    expect([late.code, late.stderr]).toEqual([
      125,
      expect.stringContaining('Cannot link to a non running container'),
    ]);
  });
});

describe('the addresses of a small network', () => {
  /** Of 16: not its own, the broadcast and the bridge's. */
  const FREE = 13;
  const create = async (name: string) => {
    const body = { Image: 'busybox', Cmd: ['sleep', '1000'], HostConfig: { NetworkMode: 'small' } };
    const { text } = await suite.engine.api('POST', `/containers/create?name=${name}`, body);
    return (JSON.parse(text) as { Id: string }).Id;
  };
  const start = (id: string) => suite.engine.api('POST', `/containers/${id}/start`);
  const remove = (id: string) => suite.engine.api('DELETE', `/containers/${id}?force=1`);

  it('come back however containers end, and whatever happens to the supervisor', async () => {
    await out('network', 'create', '--subnet', `${base}.3.0/28`, 'small');
    for (let round = 0; round < 6; round++) {
      const ids = await Promise.all(Array.from({ length: 8 }, (_, i) => create(`r${round}n${i}`)));
      const started = Promise.all(ids.map(start)).catch(() => undefined);
      // In the middle of starting them, and once they run.
      if (round % 3 === 1) await suite.engine.kill();
      await started;
      if (round % 3 === 2) await suite.engine.kill();
      if (round % 3 > 0) await suite.engine.up();
      await Promise.all(ids.map(remove));
    }
    const ids = await Promise.all(Array.from({ length: FREE + 1 }, (_, i) => create(`last${i}`)));
    const answers = await Promise.all(ids.map(start));
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(FREE);
    expect(answers.find(({ status }) => status !== 204)?.text).toContain('no available IPv4');
    const addresses = await Promise.all(ids.map((id) => addressOn('small', id)));
    expect(new Set(addresses.filter((address) => address !== '')).size).toBe(FREE);
  });
});

describe('what cannot be', () => {
  const refused: [what: string, words: string[], message: string][] = [
    [
      'a subnet of one address',
      ['network', 'create', '--subnet', '10.9.9.9/32', 'x'],
      'prefix must be',
    ],
    ['an unknown driver', ['network', 'create', '-d', 'nosuch', 'x'], 'plugin not found'],
    ['a driver of docker’s', ['network', 'create', '-d', 'macvlan', 'x'], 'not built'],
    ['a name with a control byte', ['network', 'create', 'a\u0007b'], 'invalid network name'],
    [
      'an MTU of nothing',
      ['network', 'create', '-o', 'com.docker.network.driver.mtu=x', 'x'],
      'mtu',
    ],
    [
      'a bridge that is a link',
      ['network', 'create', '-o', 'com.docker.network.bridge.name=lo', 'x'],
      'exists on the host',
    ],
    [
      'an address on the default network',
      ['run', '--ip', '10.9.9.9', 'busybox'],
      'user defined networks only',
    ],
    [
      'an alias on the default network',
      ['run', '--network-alias', 'x', 'busybox'],
      'user-defined networks',
    ],
    [
      'a network that is not there',
      ['run', '--rm', '--network', 'nosuch', 'busybox'],
      'network nosuch not found',
    ],
    ['the host’s network beside', ['network', 'connect', 'host', 'still'], 'host network'],
    [
      'a container that is not there',
      ['network', 'connect', 'bridge', 'nosuch'],
      'No such container',
    ],
    ['a link to nobody', ['run', '--link', 'nosuch', 'busybox'], 'could not get container'],
  ];

  it.each(refused)('%s is refused, and nothing has changed', async (_, words, message) => {
    await out('create', '--name', 'still', 'busybox');
    const before = await out('network', 'ls');
    const { code, stderr } = await docker(...words);
    expect(code).not.toBe(0);
    expect(stderr).toContain(message);
    expect(await out('network', 'ls')).toBe(before);
  });

  it('a subnet that another network has', async () => {
    await out('network', 'create', '--subnet', subnet(1), 'one');
    const { stderr } = await docker('network', 'create', '--subnet', `${base}.0.0/16`, 'two');
    expect(stderr).toContain('Pool overlaps');
    expect((await docker('network', 'create', 'one')).stderr).toContain('already exists');
  });

  it('more containers than a network has addresses', async () => {
    await out('network', 'create', '--subnet', `${base}.1.0/30`, 'tiny');
    await idle('aa', '--network', 'tiny');
    const full = await docker('run', '--rm', '--network', 'tiny', 'busybox');
    expect([full.code, full.stderr]).toEqual([
      125,
      expect.stringContaining('no available IPv4 addresses'),
    ]);
    await out('rm', '-f', 'aa');
    expect((await docker('run', '--rm', '--network', 'tiny', 'busybox', 'true')).code).toBe(0);
  });
});
