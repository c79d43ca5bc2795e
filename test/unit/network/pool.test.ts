/** Address pool and subnets, by property. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AddressPool, macOfAddress } from '../../../src/network/pool.ts';
import {
  addressAt,
  broadcastOf,
  isWithin,
  subnetOf,
  subnetsOverlap,
} from '../../../src/network/range.ts';
import {
  candidates,
  chooseBridgeAddress,
  chooseSubnet,
  chooseSubnet6,
} from '../../../src/network/subnet.ts';

describe('a pool', () => {
  test('gives every address but the network’s, the broadcast and the reserved ones, once', () => {
    const pool = new AddressPool('10.88.0.0/29', { reserved: ['10.88.0.1'], name: 'bridge' });
    const given = Array.from({ length: 5 }, () => pool.allocate());
    expect(given).toEqual(['10.88.0.2', '10.88.0.3', '10.88.0.4', '10.88.0.5', '10.88.0.6']);
    expect(() => pool.allocate()).toThrow(
      "no available IPv4 addresses on this network's address pools: bridge (10.88.0.0/29)",
    );
    pool.release('10.88.0.4');
    expect(pool.allocate()).toBe('10.88.0.4');
  });

  test('does not give an address again while others are free', () => {
    const pool = new AddressPool('10.88.0.0/28', { reserved: [], name: 'bridge' });
    const first = pool.allocate();
    pool.release(first);
    const next = Array.from({ length: 13 }, () => pool.allocate());
    expect(next).not.toContain(first);
  });

  test('never gives an address twice, whatever is taken and given back', () => {
    const action = fc.oneof(fc.constant('allocate' as const), fc.nat(20));
    fc.assert(
      fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
        const pool = new AddressPool('192.168.7.0/28', {
          reserved: ['192.168.7.1'],
          name: 'bridge',
        });
        const held: string[] = [];
        for (const what of actions) {
          if (what === 'allocate' && held.length < 13) {
            const address = pool.allocate();
            expect(held).not.toContain(address);
            held.push(address);
          } else if (typeof what === 'number') {
            const [address] = held.splice(what % (held.length || 1), 1);
            if (address) pool.release(address);
          }
          expect(pool.taken).toBe(held.length + 1);
        }
      }),
    );
  });

  test('reserves an address once, and only one of its own', () => {
    const pool = new AddressPool('10.88.0.0/24', { reserved: [], name: 'bridge' });
    expect(pool.reserve('10.88.0.1')).toBe(true);
    expect(pool.reserve('10.88.0.1')).toBe(false);
    expect(pool.reserve('10.89.0.1')).toBe(false);
    expect(pool.allocate()).toBe('10.88.0.2');
  });
});

describe('a pool with a range, or of IPv6', () => {
  test('gives out of its range alone, but lets any free address of the subnet be asked for', () => {
    const options = { range: '10.9.0.8/30', reserved: ['10.9.0.1'], name: 'web' };
    const pool = new AddressPool('10.9.0.0/24', options);
    const given = Array.from({ length: 4 }, () => pool.allocate());
    expect(given).toEqual(['10.9.0.8', '10.9.0.9', '10.9.0.10', '10.9.0.11']);
    expect(() => pool.allocate()).toThrow('web (10.9.0.8/30)');
    expect(pool.reserve('10.9.0.77')).toBe(true);
    expect(pool.reserve('10.9.0.0')).toBe(false);
    expect(pool.reserve('10.9.0.255')).toBe(false);
  });

  test('gives IPv6 addresses out of 2^64 as it gives IPv4 ones', () => {
    const pool = new AddressPool('fd00:1::/64', { reserved: ['fd00:1::1'], name: 'six' });
    expect([pool.allocate(), pool.allocate()]).toEqual(['fd00:1::2', 'fd00:1::3']);
    expect(pool.reserve('fd00:1::ffff:0:1')).toBe(true);
    expect(pool.reserve('fd00:1:0:0:0:ffff:0:1')).toBe(false);
    expect(pool.reserve('fd00:2::1')).toBe(false);
  });
});

describe('subnets', () => {
  test('of both families hold addresses and smaller subnets', () => {
    expect(isWithin('10.9.0.7', '10.9.0.0/24')).toBe(true);
    expect(isWithin('10.9.1.0', '10.9.0.0/24')).toBe(false);
    expect(isWithin('10.9.0.0/16', '10.9.0.0/24')).toBe(false);
    expect(isWithin('fd00::5', 'fd00::/64')).toBe(true);
    expect(isWithin('fd00::5', '10.9.0.0/24')).toBe(false);
    expect(subnetOf('fd00:0:0:1:2::9/64')).toBe('fd00:0:0:1::/64');
    expect(subnetsOverlap('::/0', '0.0.0.0/0')).toBe(false);
  });

  test('know their first and last address', () => {
    expect(subnetOf('10.88.3.7/16')).toBe('10.88.0.0/16');
    expect(broadcastOf('192.168.1.9/20')).toBe('192.168.15.255');
    expect(addressAt('172.17.0.0/16', 1)).toBe('172.17.0.1');
    expect(subnetOf('255.255.255.255/30')).toBe('255.255.255.252/30');
  });

  test('overlap when one holds the other', () => {
    expect(subnetsOverlap('10.0.0.0/8', '10.88.0.0/16')).toBe(true);
    expect(subnetsOverlap('10.88.0.0/16', '10.0.0.0/8')).toBe(true);
    expect(subnetsOverlap('10.88.0.0/16', '10.89.0.0/16')).toBe(false);
  });

  test('a hardware address is made of the IPv4 address', () => {
    expect(macOfAddress('10.88.0.2')).toBe('02:42:0a:58:00:02');
  });
});

describe('the default subnet', () => {
  test('is the first candidate, past those the host has routes into', () => {
    expect(chooseBridgeAddress(['0.0.0.0/0'])).toBe('172.17.0.1/16');
    expect(chooseBridgeAddress(['172.17.0.0/16', '172.18.5.0/24'])).toBe('172.19.0.1/16');
    expect(chooseBridgeAddress(['172.16.0.0/12'])).toBe('10.88.0.1/16');
    expect(chooseBridgeAddress(['172.16.0.0/12', '10.0.0.0/8'])).toBe('192.168.0.1/20');
  });

  test('overlaps no route of the host', () => {
    fc.assert(
      fc.property(fc.subarray([...candidates], { maxLength: candidates.length - 1 }), (routes) => {
        const chosen = chooseBridgeAddress(routes);
        expect(routes.some((route) => subnetsOverlap(route, chosen))).toBe(false);
      }),
    );
  });

  test('names --bip when there is none left', () => {
    expect(() => chooseBridgeAddress([...candidates, '10.128.0.0/9'])).toThrow('--bip');
  });
});

describe('a network’s subnet', () => {
  test('is a small one when the large ones are taken, and never one that is', () => {
    const all = [...candidates];
    expect(chooseSubnet(all)).toBe('10.128.0.0/24');
    expect(chooseSubnet([...all, '10.128.0.0/16'])).toBe('10.129.0.0/24');
    const small = [...all, '10.128.1.0/25', '10.128.0.7/32', '10.128.3.0/24'];
    expect(chooseSubnet(small)).toBe('10.128.2.0/24');
  });

  test('of IPv6 is a unique local one, made of the network’s id', () => {
    const id = '0123456789abcdef'.repeat(4);
    expect(chooseSubnet6(id, [])).toBe('fd01:2345:6789:abcd::/64');
    expect(chooseSubnet6(id, ['fd01:2345::/32', '::/0'])).toBe('fd12:3456:789a:bcde::/64');
  });
});
