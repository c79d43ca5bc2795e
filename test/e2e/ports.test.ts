/**
 * Published ports, with real traffic: from the host, from a neighbour of the host in a namespace beyond it, from
 * other containers and from the container itself; and what must not be reached.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DockerSuite } from '../support/docker.ts';

const suite = new DockerSuite();
const tag = randomBytes(3).toString('hex');
const subnet = `198.51.${randomInt(101, 250)}`;
const outside = {
  name: `petri-lan-${tag}`,
  link: `ptl${tag}`,
  host: `${subnet}.1`,
  address: `${subnet}.2`,
  host6: `fd51:${tag.slice(0, 4)}::1`,
  address6: `fd51:${tag.slice(0, 4)}::2`,
};
const children: ChildProcess[] = [];

beforeAll(async () => {
  const { name, link, host, address, host6, address6 } = outside;
  const { code, stderr } = await suite.shell(`set -e
    ip netns add ${name}
    ip link add ${link} type veth peer name eth0 netns ${name}
    ip addr add ${host}/24 dev ${link}; ip addr add ${host6}/64 dev ${link} nodad; ip link set ${link} up
    ip -n ${name} addr add ${address}/24 dev eth0; ip -n ${name} addr add ${address6}/64 dev eth0 nodad
    ip -n ${name} link set eth0 up; ip -n ${name} link set lo up
    ip -n ${name} route add default via ${host}`);
  if (code !== 0) throw new Error(stderr);
});
afterAll(() => suite.shell(`ip netns del ${outside.name}; ip link del ${outside.link}`));
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** What a server says; empty when nobody answers within two seconds. */
const ask = (address: string, port: number) =>
  `timeout 4 nc -w 2 ${address} ${port} </dev/null 2>/dev/null || true`;
const out = async (script: Promise<{ stdout: string }>) => (await script).stdout.trim();
const fromHost = (address: string, port: number) =>
  out(suite.shell(`busybox ${ask(address, port)}`));
const fromOutside = (address: string, port: number) =>
  out(suite.shell(`ip netns exec ${outside.name} busybox ${ask(address, port)}`));
const fromContainer = (name: string, address: string, port: number) =>
  out(suite.docker('exec', name, 'sh', '-c', ask(address, port)));

/** A container that answers each connection on ports 80 and 81 with its name; it listens when this returns. */
async function serve(name: string, ...options: string[]): Promise<string> {
  const script = `nc -ll -p 81 -e echo ${name} & exec nc -ll -p 80 -e echo ${name}`;
  const words = ['-d', '--name', name, ...options, 'busybox', 'sh', '-c', script];
  const { code, stderr } = await suite.docker('run', ...words);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  for (const port of [80, 81])
    await expect.poll(() => fromContainer(name, '127.0.0.1', port)).toBe(name);
  const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';
  return suite.inspect(format, name);
}

/** One that nobody has at the moment, outside of the range for random ones. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 30_000);
    if (await canListen(port)) return port;
  }
}

async function canListen(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await once(server.listen(port, '::'), 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

function nodeIn(prefix: readonly string[], script: string): ChildProcess {
  const [program = '', ...args] = [...prefix, process.execPath, '-e', script];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

describe('a published port', () => {
  it('is reached from everywhere by every address of the host, and is shown', async () => {
    const port = await freePort();
    const address = await serve('web', '-p', `${port}:80`);
    await suite.docker('run', '-d', '--name', 'neighbour', 'busybox', 'sleep', '1000');
    await suite.docker('network', 'create', `other-${tag}`);
    const other = ['--network', `other-${tag}`, '--name', 'stranger'];
    await suite.docker('run', '-d', ...other, 'busybox', 'sleep', '1000');
    const gateway = suite.engine.bip.replace('/24', '');
    const answers = {
      loopback: await fromHost('127.0.0.1', port),
      'loopback by IPv6': await fromHost('::1', port),
      host: await fromHost(outside.host, port),
      'host by IPv6': await fromHost(outside.host6, port),
      outside: await fromOutside(outside.host, port),
      'outside by IPv6': await fromOutside(outside.host6, port),
      neighbour: await fromContainer('neighbour', outside.host, port),
      'neighbour by the gateway': await fromContainer('neighbour', gateway, port),
      itself: await fromContainer('web', outside.host, port),
      'another network': await fromContainer('stranger', outside.host, port),
    };
    expect(answers).toEqual(Object.fromEntries(Object.keys(answers).map((key) => [key, 'web'])));
    // The control of what is refused below: these two reach it where it is allowed.
    expect(await fromContainer('neighbour', address, 81)).toBe('web');
    expect(await fromContainer('stranger', address, 80)).toBe('');
    expect(await out(suite.docker('port', 'web'))).toBe(
      `80/tcp -> 0.0.0.0:${port}\n80/tcp -> [::]:${port}`,
    );
    expect(
      await out(suite.docker('ps', '--filter', `publish=${port}`, '--format', '{{.Ports}}')),
    ).toBe(`0.0.0.0:${port}->80/tcp, [::]:${port}->80/tcp`);
    expect(await suite.inspect('{{json .NetworkSettings.Ports}}', 'web')).toBe(
      `{"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"${port}"},{"HostIp":"::","HostPort":"${port}"}]}`,
    );
    expect((await suite.engine.petri('explain', '--format', 'sh', 'web')).stdout).toContain(
      `tcp . ${port} : ${address}`,
    );
    await suite.removeContainers();
    await suite.docker('network', 'rm', `other-${tag}`);
    expect(await fromOutside(outside.host, port)).toBe('');
    expect(await canListen(port)).toBe(true);
  });

  it('is all that is reached from outside: no other port, no address of a container, no loopback', async () => {
    const [everywhere, loopback] = [await freePort(), await freePort()];
    const ports = ['-p', `${everywhere}:80`, '-p', `127.0.0.1:${loopback}:81`];
    const address = await serve('web', ...ports);
    await suite.docker('run', '-d', '--name', 'neighbour', 'busybox', 'sleep', '1000');
    expect(await fromOutside(outside.host, everywhere)).toBe('web');
    expect(await fromHost('127.0.0.1', loopback)).toBe('web');
    expect(await fromOutside(address, 80)).toBe('');
    expect(await fromOutside(address, 81)).toBe('');
    expect(await fromOutside(outside.host, loopback)).toBe('');
    expect(await fromHost(outside.host, loopback)).toBe('');
    expect(await fromHost('::1', loopback)).toBe('');
    expect(await fromContainer('neighbour', outside.host, loopback)).toBe('');
    // Without the guard the way is there.
    const { bridge } = suite.engine;
    const table = `inet petri_${bridge}`;
    await suite.shell(`nft flush chain ${table} guard; nft flush chain ${table} forward`);
    expect(await fromOutside(address, 81)).toBe('web');
    // The engine puts the rules back.
    await expect.poll(() => fromOutside(address, 81), { timeout: 5000 }).toBe('');
  });

  it('by IPv6 alone, by one address alone, by sctp, at random, in a range, and all that is exposed', async () => {
    const [v6, one] = [await freePort(), await freePort()];
    const ranges = ['-P', '--expose', '7', '-p', '82', '-p', '29900-29910:83'];
    const ports = ['-p', `[::]:${v6}:80`, '-p', `${outside.host}:${one}:81`, '-p', '9:9/sctp'];
    await serve('web', ...ports, ...ranges);
    expect(await fromHost('::1', v6)).toBe('web');
    expect(await fromHost('127.0.0.1', v6)).toBe('');
    expect(await fromOutside(outside.host, one)).toBe('web');
    expect(await fromHost('127.0.0.1', one)).toBe('');
    const shown = await out(suite.docker('port', 'web'));
    expect(shown).toMatch(/^7\/tcp -> 0\.0\.0\.0:(3[2-9]|[4-6]\d)\d{3}$/m);
    expect(shown).toMatch(/^82\/tcp -> \[::\]:\d+$/m);
    expect(shown).toMatch(/^83\/tcp -> 0\.0\.0\.0:299(0\d|10)$/m);
    expect(shown).toContain('9/sctp -> 0.0.0.0:9');
    await suite.docker('stop', '-t', '0', 'web');
    expect(await suite.inspect('{{json .NetworkSettings.Ports}}', 'web')).toBe('{}');
    expect(await out(suite.docker('ps', '-a', '--format', '{{.Ports}}'))).toBe('');
  });

  it('goes with the container that moves it: datagrams of one sender reach the new one within a second', async () => {
    const port = await freePort();
    const start = async (name: string) => {
      await suite.docker(
        'run',
        '-d',
        '--name',
        name,
        '-p',
        `${port}:53/udp`,
        'busybox',
        'sleep',
        '1000',
      );
      const pid = await suite.inspect('{{.State.Pid}}', name);
      const echo = `require('dgram').createSocket('udp4').on('message', function (_, from) { this.send('${name}', from.port, from.address); }).bind(53)`;
      return nodeIn(['nsenter', '-t', pid, '-n'], echo);
    };
    await start('first');
    let heard = '';
    const sender = nodeIn(
      ['ip', 'netns', 'exec', outside.name],
      `const s = require('dgram').createSocket('udp4'); s.on('message', (m) => console.log(String(m)));
       s.bind(4000, () => setInterval(() => s.send('x', ${port}, '${outside.host}'), 20));`,
    );
    sender.stdout?.on('data', (text) => {
      heard = String(text).trim().split('\n').at(-1) ?? '';
    });
    await expect.poll(() => heard, { timeout: 5000 }).toBe('first');
    await suite.docker('rm', '-f', 'first');
    const server = await start('second');
    await once(server, 'spawn');
    await expect.poll(() => heard, { timeout: 1000 }).toBe('second');
  });
});

describe('a network', () => {
  it('with IPv6: its containers are reached by that too, from outside under the sender’s own address', async () => {
    const port = await freePort();
    const prefix = `fd52:${tag.slice(0, 4)}`;
    await suite.docker('network', 'create', '--ipv6', '--subnet', `${prefix}::/64`, `six-${tag}`);
    await suite.docker(
      'run',
      '-d',
      '--name',
      'web',
      '--network',
      `six-${tag}`,
      '-p',
      `${port}:80`,
      'busybox',
      'sleep',
      '1000',
    );
    const pid = await suite.inspect('{{.State.Pid}}', 'web');
    const server = `require('net').createServer((socket) => socket.end(socket.remoteAddress)).listen(80, '::')`;
    nodeIn(['nsenter', '-t', pid, '-n'], server);
    await expect.poll(() => fromHost('::1', port), { timeout: 15_000 }).not.toBe('');
    expect(await fromOutside(outside.host6, port)).toBe(outside.address6);
    expect(await fromOutside(outside.host, port)).toContain(outside.address);
    expect(await fromContainer('web', outside.host6, port)).toBe(`${prefix}::1`);
    const address = await suite.inspect(
      '{{range .NetworkSettings.Networks}}{{.GlobalIPv6Address}}{{end}}',
      'web',
    );
    await suite.shell(`ip -n ${outside.name} -6 route add default via ${outside.host6}`);
    expect(await fromOutside(address, 80)).toBe('');
    await suite.docker('rm', '-f', 'web');
    await suite.docker('network', 'rm', `six-${tag}`);
  });

  it('that is internal publishes nothing; one without icc keeps its containers apart, but not their ports', async () => {
    const [inner, apart] = [await freePort(), await freePort()];
    await suite.docker('network', 'create', '--internal', `in-${tag}`);
    await serve('inner', '--network', `in-${tag}`, '-p', `${inner}:80`);
    expect(await fromHost('127.0.0.1', inner)).toBe('');
    expect(await out(suite.docker('port', 'inner'))).toBe('');
    const option = 'com.docker.network.bridge.enable_icc=false';
    const binding = 'com.docker.network.bridge.host_binding_ipv4=127.0.0.1';
    await suite.docker('network', 'create', '-o', option, '-o', binding, `apart-${tag}`);
    const address = await serve('one', '--network', `apart-${tag}`, '-p', `${apart}:80`);
    await suite.docker(
      'run',
      '-d',
      '--network',
      `apart-${tag}`,
      '--name',
      'two',
      'busybox',
      'sleep',
      '1000',
    );
    expect(await fromHost('127.0.0.1', apart)).toBe('one');
    expect(await out(suite.docker('port', 'one'))).toBe(`80/tcp -> 127.0.0.1:${apart}`);
    expect(await fromContainer('two', address, 80)).toBe('');
    // Where bridged frames do not meet the firewall it is the bridge that keeps them apart.
    const isolated = 'cat /sys/class/net/*/brport/isolated';
    expect((await suite.shell(isolated)).stdout.match(/1/g)?.length).toBeGreaterThanOrEqual(2);
    await suite.removeContainers();
    await suite.docker('network', 'rm', `in-${tag}`, `apart-${tag}`);
  });
});

describe('a port that is another’s', () => {
  it('is refused in docker’s words before anything starts, and nothing is held', async () => {
    const [port, free] = [await freePort(), await freePort()];
    await serve('web', '-p', `${port}:80`);
    const words = ['--name', 'late', '-p', `${free}:80`, '-p', `127.0.0.1:${port}:81`];
    const { code, stderr } = await suite.docker('run', ...words, 'busybox', 'true');
    expect(code).toBe(125);
    expect(stderr).toMatch(
      new RegExp(
        `driver failed programming external connectivity on endpoint late \\([0-9a-f]{64}\\): Bind for 127.0.0.1:${port} failed: port is already allocated`,
      ),
    );
    expect(await suite.inspect('{{.State.Status}} {{.State.ExitCode}}', 'late')).toBe(
      'created 128',
    );
    expect(await canListen(free)).toBe(true);
    await suite.docker('rm', '-f', 'web');
    expect((await suite.docker('start', '-a', 'late')).code).toBe(0);
  });

  it('also when it is a program of the host; while a container has it, no program gets it', async () => {
    const port = await freePort();
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    const { code, stderr } = await suite.docker('run', '-p', `${port}:80`, 'busybox', 'true');
    expect(code).toBe(125);
    expect(stderr).toContain(`0.0.0.0:${port}`);
    expect(stderr).toContain('address already in use');
    server.close();
    await serve('web', '-p', `${port}:80`);
    expect(await canListen(port)).toBe(false);
  });

  it('is free again after a start that fails, a crash loop, and a kill', async () => {
    const port = await freePort();
    const published = ['-p', `${port}:80`, '-p', `${port}:80/udp`];
    expect((await suite.docker('run', ...published, 'busybox', 'nosuch')).code).toBe(127);
    expect(await canListen(port)).toBe(true);
    const loop = ['--restart', 'always', '--name', 'loop', ...published, 'busybox', 'false'];
    await suite.docker('run', '-d', ...loop);
    await expect
      .poll(() => suite.inspect('{{gt .RestartCount 2}}', 'loop'), { timeout: 10_000 })
      .toBe('true');
    await suite.docker('rm', '-f', 'loop');
    expect(await canListen(port)).toBe(true);
    await serve('web', ...published);
    await suite.docker('kill', 'web');
    await suite.docker('wait', 'web');
    expect(await canListen(port)).toBe(true);
  });
});

describe('published ports live on', () => {
  it('while the supervisor is dead by IPv4, and by IPv6 again when it is back', async () => {
    const port = await freePort();
    await serve('web', '-p', `${port}:80`);
    await suite.engine.kill();
    expect(await fromOutside(outside.host, port)).toBe('web');
    expect(await fromHost('127.0.0.1', port)).toBe('web');
    await suite.engine.up();
    expect(await fromHost('::1', port)).toBe('web');
    expect(await fromHost('127.0.0.1', port)).toBe('web');
    expect(await canListen(port)).toBe(false);
    expect((await suite.docker('run', '-p', `${port}:80`, 'busybox', 'true')).stderr).toContain(
      'port is already allocated',
    );
    await suite.docker('rm', '-f', 'web');
    expect(await canListen(port)).toBe(true);
  });

  it('when another program takes all rules away: within two seconds', async () => {
    const port = await freePort();
    await serve('web', '-p', `${port}:80`);
    await suite.shell(`nft delete table inet petri_${suite.engine.bridge}`);
    const deleted = performance.now();
    await expect.poll(() => fromOutside(outside.host, port), { timeout: 6000 }).toBe('web');
    expect(performance.now() - deleted).toBeLessThan(4000);
    // A start in the moment after finds the table gone, and is not kept from it.
    const other = await freePort();
    await suite.shell(`nft delete table inet petri_${suite.engine.bridge}`);
    await serve('more', '-p', `${other}:80`);
    expect(await fromOutside(outside.host, other)).toBe('more');
  });

  it('when the network they came by is left: by the next one', async () => {
    const port = await freePort();
    await suite.docker('network', 'create', `next-${tag}`);
    await serve('web', '-p', `${port}:80`);
    await suite.docker('network', 'connect', `next-${tag}`, 'web');
    expect(await fromOutside(outside.host, port)).toBe('web');
    await suite.docker('network', 'disconnect', 'bridge', 'web');
    expect(await fromOutside(outside.host, port)).toBe('web');
    expect(await fromHost('::1', port)).toBe('web');
    await suite.docker('rm', '-f', 'web');
    await suite.docker('network', 'rm', `next-${tag}`);
  });
});

it('a thousand published ports: a connection takes no longer than with one', async () => {
  const port = await freePort();
  await serve('web', '-p', `${port}:80`);
  const one = await connectTimes(port);
  const many = ['-d', '--name', 'many', '-p', '31000-31999:1000-1999'];
  expect((await suite.docker('run', ...many, 'busybox', 'sleep', '1000')).code).toBe(0);
  const ports = await suite.get<{ Ports: object[] }[]>(
    '/containers/json?filters={"name":["many"]}',
  );
  expect(ports[0]?.Ports).toHaveLength(2000);
  const thousand = await connectTimes(port);
  expect(median(thousand)).toBeLessThan(2 * median(one) + 0.2);
}, 60_000);

/** Milliseconds until a connection stands. */
async function connectTimes(port: number): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < 200; i++) {
    const begun = performance.now();
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    times.push(performance.now() - begun);
    // The server takes one after the other.
    await once(socket.resume(), 'close');
  }
  return times;
}

function median(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[times.length >> 1] ?? 0;
}

describe('what is no port is refused when it is asked for', () => {
  const bind = (HostPort: string, HostIp = '') => ({ '80/tcp': [{ HostIp, HostPort }] });
  it.each<[string, object, string]>([
    ['65536', bind('65536'), 'invalid port specification: "65536"'],
    ['a range from its end', bind('90-80'), 'invalid port specification: "90-80"'],
    ['a word', bind('http'), 'invalid port specification: "http"'],
    ['no address', bind('80', 'nohost'), 'invalid IP address: "nohost"'],
    ['an address with a zone', bind('80', 'fe80::1%lo'), 'invalid IP address'],
    [
      'port 0 of the container',
      { '0/tcp': [{ HostPort: '80' }] },
      'invalid port specification: "0"',
    ],
    ['another protocol', { '80/icmp': [{ HostPort: '80' }] }, 'invalid proto'],
    ['one port for two', { ...bind('80'), '81/tcp': [{ HostPort: '80' }] }, 'asked for twice'],
  ])('%s', async (_, PortBindings, message) => {
    const body = { Image: 'busybox', HostConfig: { PortBindings } };
    const { status, text } = await suite.engine.api('POST', '/containers/create', body);
    expect([status, JSON.parse(text).message]).toEqual([400, expect.stringContaining(message)]);
    expect(await out(suite.docker('ps', '-aq'))).toBe('');
  });

  it('an exposed port, and a published one of another container’s network', async () => {
    const create = async (body: object) => {
      const { status, text } = await suite.engine.api('POST', '/containers/create', {
        Image: 'busybox',
        ...body,
      });
      return `${status} ${JSON.parse(text).message}`;
    };
    expect(await create({ ExposedPorts: { '80-70/tcp': {} } })).toContain(
      '400 invalid port specification: "80-70',
    );
    await suite.docker('create', '--name', 'donor', 'busybox');
    const joined = { NetworkMode: 'container:donor', PortBindings: bind('80') };
    expect(await create({ HostConfig: joined })).toBe(
      '400 conflicting options: port publishing and the container type network mode',
    );
  });

  it('of the host’s own network it is left out, with a warning', async () => {
    const { stderr, code } = await suite.docker(
      ...['run', '--rm', '--network', 'host', '-p', '80:80', 'busybox', 'true'],
    );
    expect(code).toBe(0);
    expect(stderr).toContain('Published ports are discarded when using host network mode');
  });
});
