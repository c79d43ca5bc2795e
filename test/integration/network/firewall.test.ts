/** The firewall's table for several networks: who passes where, what is published, and that it comes back whole. */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { close as closeFd, open as openFile } from '../../../src/kernel/files.ts';
import { addAddress } from '../../../src/kernel/netlink/address.ts';
import { changeLink, createLink } from '../../../src/kernel/netlink/link.ts';
import { NetlinkSocket } from '../../../src/kernel/netlink/socket.ts';
import { nft } from '../../../src/kernel/nftables.ts';
import {
  elementCommands,
  type FirewallNetwork,
  portElements,
} from '../../../src/network/firewall/elements.ts';
import { Firewall } from '../../../src/network/firewall/firewall.ts';
import { AddressPool } from '../../../src/network/pool.ts';
import type { PublishedAt } from '../../../src/network/ports/published.ts';
import { subnetOf } from '../../../src/network/range.ts';
import {
  addOutside,
  joinBridge,
  moveToPrivateHost,
  type Place,
  reaches,
  run,
  runIn,
} from '../../support/network.ts';

const log = { warn() {} };
const TABLE = 'petri';

let host: NetlinkSocket;
let home: number;
let outside: Place;
let firewall: Firewall;
let published: PublishedAt[] = [];
const opened: { close(): void }[] = [];

beforeAll(() => {
  moveToPrivateHost();
  outside = addOutside();
  host = NetlinkSocket.open();
  home = openFile('/proc/self/ns/net', ['O_RDONLY', 'O_CLOEXEC']);
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
});
afterAll(() => {
  host.close();
  closeFd(home);
  outside.close();
});

beforeEach(() => {
  published = [];
  firewall = Firewall.open(TABLE, () => published, log);
});
afterEach(async () => {
  await firewall.remove();
  for (const each of opened.splice(0)) each.close();
});

/** A bridge of its own, and what joinBridge needs to know of it. */
async function addNetwork(bridge: string, address: string, changes: Partial<FirewallNetwork> = {}) {
  createLink(host.fd, { kind: 'bridge', name: bridge });
  addAddress(host.fd, { dev: bridge, address });
  changeLink(host.fd, { name: bridge, up: true });
  opened.push({ close: () => run('ip', 'link', 'del', bridge) });
  const subnet = subnetOf(address);
  const rules = { internal: false, icc: true, masquerade: true };
  await firewall.addNetwork({ bridge, ipv4: subnet, ...rules, ...changes });
  const [gateway = '', length] = address.split('/');
  return {
    bridgeName: bridge,
    gateway,
    prefixLength: Number(length),
    mtu: 1400,
    pool: new AddressPool(subnet, { reserved: [gateway], name: 'test' }),
    slots: new Map([
      ['netns.home', home],
      ['netlink.host', host.fd],
    ]),
  };
}

function join(network: Awaited<ReturnType<typeof addNetwork>>) {
  const place = joinBridge(network as never);
  opened.push(place);
  return place;
}

function publish(port: Partial<PublishedAt> & { ipv4: string }): void {
  const whole: PublishedAt = {
    ...{ protocol: 'tcp', containerPort: 80, hostIp: '0.0.0.0', hostPort: 8080 },
    ...port,
  };
  published.push(whole);
  nft(elementCommands('add', TABLE, portElements(whole)));
}

/** Answers each connection with its name, until it is closed. */
async function serve(place: Place, name: string): Promise<void> {
  const netns = `--net=/proc/${process.pid}/fd/${place.netns}`;
  const command = ['busybox', 'nc', '-ll', '-p', '80', '-e', 'echo', name];
  const server = spawn('nsenter', [netns, ...command], { stdio: 'ignore' });
  opened.push({ close: () => server.kill('SIGKILL') });
  await expect.poll(() => ask(place, '127.0.0.1', 80)).toBe(name);
}

/** What the server there says; empty when nobody answers within a second. */
function ask(from: Pick<Place, 'netns'>, address: string, port = 8080): string {
  const script = `busybox nc -w 1 ${address} ${port} </dev/null 2>/dev/null`;
  return runIn(from, 'sh', '-c', script).stdout.trim();
}

/** /sys shows the network namespace it was mounted in. */
function writeSysfs(path: string, data: string): void {
  const script = `mount -t sysfs sysfs /sys; echo ${data} > /sys/${path}`;
  expect(runIn(here(), 'unshare', '-m', 'sh', '-c', script).status).toBe(0);
}

const here = () => ({ netns: home });

describe('networks', () => {
  test('do not reach each other, but the outside; without the rule they do', async () => {
    await firewall.begin();
    const one = join(await addNetwork('br-one', '10.91.0.1/24'));
    const two = join(await addNetwork('br-two', '10.92.0.1/24'));
    expect(reaches(one, two.ipAddress, 1)).toBe(false);
    expect(reaches(one, '198.51.100.2')).toBe(true);
    run('nft', 'delete', 'table', 'inet', TABLE);
    expect(reaches(one, two.ipAddress)).toBe(true);
  });

  test('that are internal reach nothing but themselves and the host', async () => {
    await firewall.begin();
    const network = await addNetwork('br-in', '10.91.0.1/24', { internal: true });
    const [one, two] = [join(network), join(network)];
    const other = join(await addNetwork('br-two', '10.92.0.1/24'));
    publish({ ipv4: other.ipAddress });
    await serve(other, 'other');
    expect(ask(here(), '198.51.100.1')).toBe('other');
    expect(ask(one, '198.51.100.1')).toBe('');
    expect(reaches(one, two.ipAddress)).toBe(true);
    expect(reaches(one, network.gateway)).toBe(true);
    expect(reaches(one, '198.51.100.2', 1)).toBe(false);
    expect(reaches(other, one.ipAddress, 1)).toBe(false);
  });

  test('come and go one by one, also those whose subnets touch, and what stays is as if made anew', async () => {
    await firewall.begin();
    const names = Array.from({ length: 12 }, (_, i) => `br-${i}`);
    for (const [i, name] of names.entries()) await addNetwork(name, `10.90.${i}.1/24`);
    for (const name of [...names].sort(() => Math.random() - 0.5).slice(0, 9))
      await firewall.removeNetwork(name);
    const grown = run('nft', 'list', 'table', 'inet', TABLE);
    firewall.restore();
    expect(grown).toBe(run('nft', 'list', 'table', 'inet', TABLE));
    expect(grown.match(/10\.90\.\d+\.0\/24/g)).toHaveLength(4 * 3);
  });
});

describe('a published port', () => {
  test('is reached from the host, from outside, from neighbours, from other networks, from itself', async () => {
    await firewall.begin();
    const network = await addNetwork('br-one', '10.91.0.1/24');
    const [server, neighbour] = [join(network), join(network)];
    const stranger = join(await addNetwork('br-two', '10.92.0.1/24'));
    await serve(server, 'served');
    publish({ ipv4: server.ipAddress });
    // Where bridged frames meet the firewall (br_netfilter), what it sends itself goes back by the port it came from.
    writeSysfs(`class/net/${server.hostInterface}/brport/hairpin_mode`, '1');
    const answers = {
      loopback: ask(here(), '127.0.0.1'),
      host: ask(here(), '198.51.100.1'),
      outside: ask(outside, '198.51.100.1'),
      neighbour: ask(neighbour, '198.51.100.1'),
      gateway: ask(neighbour, network.gateway),
      stranger: ask(stranger, '198.51.100.1'),
      itself: ask(server, '198.51.100.1'),
    };
    // Told of a shorter way, the neighbour would now go there.
    expect(ask(neighbour, '198.51.100.1')).toBe('served');
    expect(runIn(neighbour, 'ip', 'route', 'get', '198.51.100.1').stdout).not.toContain('redirect');
    expect(new Set(Object.values(answers)), JSON.stringify(answers)).toEqual(new Set(['served']));
    expect(ask(stranger, server.ipAddress, 80)).toBe('');
    firewall.unpublish(published.splice(0));
    expect(ask(outside, '198.51.100.1')).toBe('');
  });

  test('of the loopback address is the host’s alone, whatever routes a neighbour has', async () => {
    await firewall.begin();
    const network = await addNetwork('br-one', '10.91.0.1/24');
    const [server, neighbour] = [join(network), join(network)];
    await serve(server, 'served');
    publish({ ipv4: server.ipAddress, hostIp: '127.0.0.1' });
    expect(ask(here(), '127.0.0.1')).toBe('served');
    expect(ask(outside, '198.51.100.1')).toBe('');
    const forge = (from: Place, via: string) => {
      const local = '/proc/sys/net/ipv4/conf/eth0/route_localnet';
      runIn(from, 'sh', '-c', `echo 1 > ${local}; ip addr del 127.0.0.1/8 dev lo`);
      runIn(
        from,
        'sh',
        '-c',
        `ip rule add pref 1 lookup 99; ip route add 127.0.0.1 via ${via} dev eth0 src $(ip -4 -o addr show eth0 | sed 's/.*inet \\([0-9.]*\\).*/\\1/') table 99`,
      );
      return ask(from, '127.0.0.1');
    };
    expect(forge(neighbour, network.gateway)).toBe('');
    nft([{ flush: { chain: { family: 'inet', table: TABLE, name: 'guard' } } }]);
    // Without the guard it is reached: the bridge routes 127.0.0.0/8.
    expect(forge(neighbour, network.gateway)).toBe('served');
  });
});

describe('after a flush of all rules', () => {
  test('networks and ports are back within two seconds, and what crept in meanwhile is cut off', async () => {
    await firewall.begin();
    const one = join(await addNetwork('br-one', '10.91.0.1/24'));
    const two = join(await addNetwork('br-two', '10.92.0.1/24'));
    await serve(two, 'served');
    publish({ ipv4: two.ipAddress });
    const table = () => run('nft', 'list', 'ruleset');
    const intended = table();
    run('nft', 'flush', 'ruleset');
    expect(reaches(one, two.ipAddress)).toBe(true);
    await expect.poll(table, { timeout: 2500 }).toBe(intended);
    expect(ask(outside, '198.51.100.1')).toBe('served');
    expect(reaches(one, two.ipAddress, 1)).toBe(false);
  });

  test('a single element that is gone comes back as well', async () => {
    await firewall.begin();
    await addNetwork('br-one', '10.91.0.1/24');
    publish({ ipv4: '10.91.0.2' });
    const intended = run('nft', 'list', 'ruleset');
    run('nft', 'flush', 'map', 'inet', TABLE, 'wildcard_ports4');
    await expect.poll(() => run('nft', 'list', 'ruleset'), { timeout: 2500 }).toBe(intended);
  });
});

test('an engine that starts leaves the table alone until it knows what is to be in it', async () => {
  await firewall.begin();
  await addNetwork('br-one', '10.91.0.1/24');
  publish({ ipv4: '10.91.0.2' });
  firewall.close();
  const before = run('nft', 'list', 'ruleset');
  const [network] = firewall.networks();
  const again = Firewall.open(TABLE, () => published, log);
  await again.addNetwork(network as FirewallNetwork);
  again.unpublish([]);
  expect(run('nft', 'list', 'ruleset')).toBe(before);
  await again.begin();
  expect(run('nft', 'list', 'ruleset')).toBe(before);
  await again.remove();
});

/** As nft prints it, a line for each set and for each rule. */
function page(table: string): string {
  return table
    .replace(/(?<=\t)(?:set|map) \w+ \{\n[\s\S]*?\n\t\}/g, (block) => block.replace(/\s+/g, ' '))
    .replace(/^\s*\n/gm, '')
    .replace(/\n\t(?=chain)/g, '\n\n\t')
    .trimEnd()
    .replaceAll('\t', '  ')
    .replace(/^(?=.)/gm, '    ');
}

test('docs/network-default.md shows the table', async () => {
  await addNetwork('petri0', '10.88.0.1/16');
  await firewall.begin();
  const text = page(run('nft', 'list', 'table', 'inet', TABLE));
  const path = 'docs/network-default.md';
  const shown = /^ {4}table inet petri \{\n[\s\S]*?^ {4}\}$/m;
  if (process.env.UPDATE)
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace(shown, () => text),
    );
  const bare = (block = '') => block.replace(/\s/g, '');
  expect(bare(shown.exec(readFileSync(path, 'utf8'))?.[0])).toBe(bare(text));
});
