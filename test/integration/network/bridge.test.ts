/** The default network on a host of its own: bridge, endpoints, the way out, and what stays shut. */
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { getAddresses } from '../../../src/kernel/netlink/address.ts';
import {
  changeLink,
  createLink,
  deleteLink,
  getLink,
  getLinks,
} from '../../../src/kernel/netlink/link.ts';
import { NetlinkSocket } from '../../../src/kernel/netlink/socket.ts';
import { nft } from '../../../src/kernel/nftables.ts';
import { removeTable } from '../../../src/network/firewall/table.ts';
import { noneSteps } from '../../../src/network/namespace-steps.ts';
import {
  addOutside,
  joinBridge,
  moveToPrivateHost,
  type OpenBridge,
  openBridge,
  type Place,
  reaches,
  run,
  runIn,
  runSteps,
} from '../../support/network.ts';

const log = { info() {}, warn() {}, error() {} };
const options = { bridge: 'petritest0', bip: '10.97.0.1/24', log };

let outside: Place;
let network: OpenBridge | undefined;
const places: Place[] = [];

beforeAll(() => {
  moveToPrivateHost();
  outside = addOutside();
});
afterAll(() => outside.close());

afterEach(async () => {
  for (const place of places.splice(0)) place.close();
  await network?.closeAndRemove();
  network = undefined;
  run('nft', 'flush', 'ruleset');
});

async function open(changes: Partial<typeof options> = {}): Promise<OpenBridge> {
  network = await openBridge({ ...options, ...changes });
  return network;
}

function join(on: OpenBridge) {
  const place = joinBridge(on);
  places.push(place);
  return place;
}

describe('the bridge', () => {
  test('is made with its address, up, with the MTU of the way out, and without IPv6', async () => {
    const { netlink, mtu, gateway, subnet, id } = await open();
    expect(getLink(netlink.fd, 'petritest0')).toMatchObject({
      kind: 'bridge',
      up: true,
      mtu: 1400,
    });
    expect({ mtu, gateway, subnet }).toEqual({
      mtu: 1400,
      gateway: '10.97.0.1',
      subnet: '10.97.0.0/24',
    });
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    expect(run('ip', '-6', 'addr', 'show', 'dev', 'petritest0')).toBe('');
    expect(readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8')).toBe('1\n');
  });

  test('keeps its hardware address and MTU while containers come and go', async () => {
    const opened = await open();
    const seen = () => {
      const { address, mtu } = getLink(opened.netlink.fd, 'petritest0');
      return { address, mtu };
    };
    expect(seen()).toEqual({ address: '02:42:0a:61:00:01', mtu: 1400 });
    const container = joinBridge(opened);
    deleteLink(opened.netlink.fd, container.hostInterface);
    container.close();
    expect(seen()).toEqual({ address: '02:42:0a:61:00:01', mtu: 1400 });
  });

  test('is adopted with what hangs on it, and its address corrected', async () => {
    const first = await open();
    const container = join(first);
    const rules = run('nft', 'list', 'ruleset');
    first.close();
    const again = await open();
    expect(again.id).toBe(first.id);
    expect(reaches(container, again.gateway)).toBe(true);
    expect(run('nft', 'list', 'ruleset')).toBe(rules);
    again.close();
    const moved = await open({ bip: '10.98.0.1/24' });
    const { index } = getLink(moved.netlink.fd, 'petritest0');
    const addresses = getAddresses(moved.netlink.fd).filter((address) => address.index === index);
    expect(addresses).toEqual([{ index, address: '10.98.0.1/24' }]);
  });

  test('keeps its address when none is asked for, and a new one avoids the host’s routes', async () => {
    const first = await open({ bip: undefined as unknown as string });
    expect(first.gateway).toBe('172.17.0.1');
    first.close();
    const again = await open({ bip: undefined as unknown as string });
    expect(again.gateway).toBe('172.17.0.1');
    const beside = await openBridge({ bridge: 'petritest1', bip: undefined, log });
    expect(beside.gateway).toBe('172.18.0.1');
    await beside.closeAndRemove();
  });

  test('leaves nothing when it is removed', async () => {
    const names = () => run('ip', '-o', 'link').split('\n').length;
    const descriptors = () => readdirSync('/proc/self/fd').length;
    const before = [names(), descriptors()];
    const opened = await open();
    expect(names()).toBe(Number(before[0]) + 1);
    await opened.closeAndRemove();
    network = undefined;
    expect([names(), descriptors()]).toEqual(before);
    expect(run('nft', 'list', 'ruleset')).toBe('');
  });

  test('warns when the subnet asked for is another link’s', async () => {
    const warnings: unknown[] = [];
    const told = { info() {}, warn: (about: unknown) => warnings.push(about) };
    await open({ bip: '198.51.100.9/16', log: told } as never);
    expect(warnings).toEqual([
      { bridge: 'petritest0', subnet: '198.51.0.0/16', route: '198.51.100.0/24' },
    ]);
  });

  test('refuses a link of that name that is no bridge', async () => {
    const netlink = NetlinkSocket.open();
    createLink(netlink.fd, { kind: 'veth', name: 'nobridge', peer: { name: 'nobridge1' } });
    netlink.close();
    await expect(open({ bridge: 'nobridge' })).rejects.toThrow(
      'nobridge is a veth and not a bridge',
    );
    run('ip', 'link', 'del', 'nobridge');
  });
});

describe('an endpoint', () => {
  test('has one address, its MAC and MTU, a default route, and no IPv6 but ::1', async () => {
    const container = join(await open());
    const addresses = runIn(container, 'ip', '-o', 'addr').stdout;
    expect(addresses).toContain(`inet ${container.ipAddress}/24 brd 10.97.0.255 scope global eth0`);
    expect(addresses).not.toMatch(/eth0.*inet6/);
    expect(runIn(container, 'ip', 'link', 'show', 'eth0').stdout).toMatch(
      new RegExp(`mtu 1400 .*state UP[^]*link/ether ${container.macAddress}`),
    );
    expect(runIn(container, 'ip', 'route').stdout).toContain('default via 10.97.0.1 dev eth0');
    expect(reaches(container, '127.0.0.1')).toBe(true);
    const read = (name: string) => runIn(container, 'cat', `/proc/sys/net/ipv4/${name}`).stdout;
    expect(read('ip_unprivileged_port_start')).toBe('0\n');
    expect(read('ping_group_range')).toBe('0\t2147483647\n');
    expect(run('ip', '-6', 'addr', 'show', 'dev', container.hostInterface)).toBe('');
  });

  test('reaches its neighbours, the bridge and the outside, which answers the host’s address', async () => {
    const opened = await open();
    const [one, two] = [join(opened), join(opened)];
    expect(reaches(one, two.ipAddress)).toBe(true);
    expect(reaches(one, opened.gateway)).toBe(true);
    // The outside has no route back to 10.97.0.0/24: it answers because it sees the host's address.
    expect(reaches(one, '198.51.100.2')).toBe(true);
  });

  test('is gone from the host when its namespace ends', async () => {
    const opened = await open();
    const container = joinBridge(opened);
    container.close();
    await expect
      .poll(() => getLinks(opened.netlink.fd).map(({ name }) => name))
      .not.toContain(container.hostInterface);
  });

  test('leaves nothing when one of its steps fails', async () => {
    const opened = await open();
    const names = () => getLinks(opened.netlink.fd).map(({ name }) => name);
    const before = names();
    expect(() => joinBridge({ ...opened, gateway: '203.0.113.1' })).toThrow('RTM_NEWROUTE');
    await expect.poll(names).toEqual(before);
    expect(readFileSync('/proc/self/net/dev', 'utf8')).toContain('out0');
  });

  test('of `none` is a loopback interface and nothing else', async () => {
    const place = runSteps(await open(), noneSteps());
    places.push(place);
    expect(runIn(place, 'ip', '-o', 'link').stdout.trim().split('\n')).toHaveLength(1);
    expect(reaches(place, '127.0.0.1')).toBe(true);
    expect(reaches(place, '198.51.100.2', 1)).toBe(false);
  });
});

describe('the firewall', () => {
  test('drops what a neighbour of the host routes to a container; without it, it arrives', async () => {
    const opened = await open();
    const container = join(opened);
    runIn(outside, 'ip', 'route', 'add', '10.97.0.0/24', 'via', '198.51.100.1');
    expect(reaches(outside, container.ipAddress, 1)).toBe(false);
    expect(reaches(outside, opened.gateway, 1)).toBe(false);
    nft(removeTable('petri_petritest0'));
    expect(reaches(outside, container.ipAddress)).toBe(true);
    runIn(outside, 'ip', 'route', 'del', '10.97.0.0/24');
  });

  test('drops what a container sends with an address that is not of its network', async () => {
    const opened = await open();
    const container = join(opened);
    runIn(container, 'ip', 'addr', 'add', '198.51.100.77/32', 'dev', 'eth0');
    run('ip', 'route', 'add', '198.51.100.77/32', 'via', container.ipAddress);
    const forge = () =>
      runIn(container, 'busybox', 'ping', '-c1', '-W1', '-I', '198.51.100.77', opened.gateway)
        .status;
    expect(forge()).not.toBe(0);
    nft(removeTable('petri_petritest0'));
    expect(forge()).toBe(0);
  });

  test('keeps networks of two engines apart', async () => {
    const one = await open();
    const two = await openBridge({ bridge: 'petritest1', bip: '10.98.0.1/24', log });
    try {
      const [a, b] = [join(one), join(two)];
      expect(reaches(a, b.ipAddress, 1)).toBe(false);
      expect(reaches(b, a.ipAddress, 1)).toBe(false);
    } finally {
      await two.closeAndRemove();
    }
  });
});

describe('beside another firewall', () => {
  const drop = () => {
    run('iptables', '-P', 'FORWARD', 'DROP');
    run('iptables', '-N', 'DOCKER-USER');
    run('iptables', '-I', 'FORWARD', '-j', 'DOCKER-USER');
    run('iptables', '-A', 'DOCKER-USER', '-j', 'RETURN');
  };

  test('that drops forwarding, containers reach each other and the outside', async () => {
    drop();
    const before = run('iptables-save').replace(/^#.*$/gm, '');
    const opened = await open();
    const [one, two] = [join(opened), join(opened)];
    expect(reaches(one, '198.51.100.2')).toBe(true);
    expect(reaches(one, two.ipAddress)).toBe(true);
    expect(run('iptables-save')).toContain(
      '-A FORWARD -i petritest0 -m comment --comment "petri: petritest0" -j ACCEPT',
    );
    await opened.closeAndRemove();
    network = undefined;
    expect(run('iptables-save').replace(/^#.*$/gm, '')).toBe(before);
  });

  test('of the old kind (ip_tables) that drops forwarding, likewise', async () => {
    run('iptables-legacy', '-P', 'FORWARD', 'DROP');
    try {
      const opened = await open();
      expect(reaches(join(opened), '198.51.100.2')).toBe(true);
      (await open()).close();
      expect(run('iptables-legacy', '-S', 'FORWARD').match(/petritest0 -m comment/g)).toHaveLength(
        2,
      );
      await opened.closeAndRemove();
      network = undefined;
      expect(run('iptables-legacy', '-S', 'FORWARD')).toBe('-P FORWARD DROP\n');
    } finally {
      run('iptables-legacy', '-P', 'FORWARD', 'ACCEPT');
    }
  });

  test('the rules are put there once, however often the engine starts', async () => {
    drop();
    (await open()).close();
    const rules = run('iptables-save').replace(/^#.*$|\[.*\]/gm, '');
    (await open()).close();
    await open();
    expect(run('iptables-save').replace(/^#.*$|\[.*\]/gm, '')).toBe(rules);
  });
});

describe('after other programs', () => {
  test('flushed all rules or set a policy of drop, the rules are back within two seconds', async () => {
    const opened = await open();
    const container = join(opened);
    const table = () => run('nft', 'list', 'ruleset');
    const intended = table();
    run('nft', 'flush', 'ruleset');
    await expect.poll(table, { timeout: 2500 }).toBe(intended);
    run('iptables', '-P', 'FORWARD', 'DROP');
    const guests = () => run('iptables', '-S', 'FORWARD');
    await expect.poll(guests, { timeout: 2500 }).toContain('-A FORWARD -i petritest0');
    expect(reaches(container, '198.51.100.2')).toBe(true);
  });
});

test('a link that is down is brought up again', async () => {
  const opened = await open();
  changeLink(opened.netlink.fd, { name: 'petritest0', up: false });
  opened.close();
  const again = await open();
  expect(getLink(again.netlink.fd, 'petritest0').up).toBe(true);
});
