/** Address pool and subnets, by property. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  AddressPool,
  addressAt,
  broadcastOf,
  macOfAddress,
  subnetOf,
  subnetsOverlap,
} from '../../../src/network/pool.ts';
import { candidates, chooseBridgeAddress } from '../../../src/network/subnet.ts';

describe('a pool', () => {
  test('gives every address but the network’s, the broadcast and the reserved ones, once', () => {
    const pool = new AddressPool('10.88.0.0/29', ['10.88.0.1']);
    const given = Array.from({ length: 5 }, () => pool.allocate());
    expect(given).toEqual(['10.88.0.2', '10.88.0.3', '10.88.0.4', '10.88.0.5', '10.88.0.6']);
    expect(() => pool.allocate()).toThrow(
      "no available IPv4 addresses on this network's address pools: bridge (10.88.0.0/29)",
    );
    pool.release('10.88.0.4');
    expect(pool.allocate()).toBe('10.88.0.4');
  });

  test('does not give an address again while others are free', () => {
    const pool = new AddressPool('10.88.0.0/28', []);
    const first = pool.allocate();
    pool.release(first);
    const next = Array.from({ length: 13 }, () => pool.allocate());
    expect(next).not.toContain(first);
  });

  test('never gives an address twice, whatever is taken and given back', () => {
    const action = fc.oneof(fc.constant('allocate' as const), fc.nat(20));
    fc.assert(
      fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
        const pool = new AddressPool('192.168.7.0/28', ['192.168.7.1']);
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
    const pool = new AddressPool('10.88.0.0/24', []);
    expect(pool.reserve('10.88.0.1')).toBe(true);
    expect(pool.reserve('10.88.0.1')).toBe(false);
    expect(pool.reserve('10.89.0.1')).toBe(false);
    expect(pool.allocate()).toBe('10.88.0.2');
  });
});

describe('subnets', () => {
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
    expect(() => chooseBridgeAddress(candidates)).toThrow('--bip');
  });
});
