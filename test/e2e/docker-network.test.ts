/** Containers reach each other, the gateway and, under the host's address, the outside; names are asked of the host's resolver. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DockerSuite } from '../support/docker.ts';

const suite = new DockerSuite();
const tag = randomBytes(3).toString('hex');
/** A namespace beyond the host that knows no way to the containers: only what the host translates comes back. */
const outside = {
  name: `petri-out-${tag}`,
  link: `pto${tag}`,
  host: '198.51.100.1',
  address: '198.51.100.2',
};

beforeAll(async () => {
  const { name, link, host, address } = outside;
  const { code, stderr } = await suite.shell(`set -e
    ip netns add ${name}
    ip link add ${link} type veth peer name eth0 netns ${name}
    ip addr add ${host}/30 dev ${link}; ip link set ${link} up
    ip -n ${name} addr add ${address}/30 dev eth0; ip -n ${name} link set eth0 up; ip -n ${name} link set lo up`);
  if (code !== 0) throw new Error(stderr);
});
afterAll(() => suite.shell(`ip netns del ${outside.name}; ip link del ${outside.link}`));

const inContainer = (line: string) => suite.docker('run', '--rm', 'busybox', 'sh', '-c', line);
const ping = (address: string) => `ping -c 1 -W 2 ${address} | grep -c "1 packets received"`;

it('the gateway answers', async () => {
  expect((await inContainer(ping(suite.engine.bip.replace('/24', '')))).stdout).toBe('1\n');
});

it('one container reaches another, by ping and by TCP', async () => {
  await suite.docker(
    'run',
    '-d',
    '--name',
    'server',
    'busybox',
    'sh',
    '-c',
    'while :; do echo hello | nc -l -p 80; done',
  );
  const address = await suite.inspect('{{.NetworkSettings.IPAddress}}', 'server');
  expect((await inContainer(ping(address))).stdout).toBe('1\n');
  expect((await inContainer(`until nc ${address} 80 </dev/null; do :; done`)).stdout).toBe(
    'hello\n',
  );
});

it('the outside is reached, and answers though it knows no way to the container: the host translates', async () => {
  const { name, address } = outside;
  expect((await inContainer(ping(address))).stdout).toBe('1\n');
  const server = suite.shell(
    `ip netns exec ${name} timeout 10 busybox nc -l -p 7000 -e sh -c 'read x; echo got $x'`,
  );
  const client = `until (echo word; usleep 300000) | nc ${address} 7000; do :; done`;
  expect((await inContainer(client)).stdout).toBe('got word\n');
  expect((await server).code).toBe(0);
});

it('an address is not answered for once its container is gone', async () => {
  await suite.docker('run', '-d', '--name', 'gone', 'busybox', 'sleep', '1000');
  const address = await suite.inspect('{{.NetworkSettings.IPAddress}}', 'gone');
  await suite.docker('rm', '-f', 'gone');
  expect((await inContainer(ping(address).replace('-W 2', '-W 1'))).stdout).toBe('0\n');
});

it('resolv.conf names the host’s resolvers, and they are asked', async () => {
  const { stdout: hosts } = await suite.shell(
    'grep -h ^nameserver /run/systemd/resolve/resolv.conf /etc/resolv.conf 2>/dev/null',
  );
  const { stdout: own } = await inContainer('cat /etc/resolv.conf');
  const servers = own.match(/^nameserver .*$/gm) ?? [];
  expect(servers.length).toBeGreaterThan(0);
  const usable = hosts.split('\n').filter((line) => line && !/ (127\.|::1|fe80)/.test(line));
  for (const line of usable) expect(servers).toContain(line);
  // Whether there is such a name is the resolver's matter: that it answers is ours.
  const question = 'timeout 5 nslookup localhost 2>&1';
  const { stdout: fromHost } = await suite.shell(`timeout 5 busybox nslookup localhost 2>&1`);
  if (/^Address/m.test(fromHost)) expect((await inContainer(question)).stdout).toMatch(/^Server:/m);
});
