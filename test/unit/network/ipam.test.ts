/** What may be asked of a network's addresses, and what comes of it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type IpamRequest, settleIpam } from '../../../src/network/ipam.ts';

const context = { enableIpv6: false, id: 'ab'.repeat(32), taken: ['172.17.0.0/16'], routed: [] };
const request = (given: Partial<IpamRequest>): IpamRequest => ({
  subnet: '',
  ipRange: '',
  gateway: '',
  auxAddresses: {},
  ...given,
});
const settle = (given: Partial<IpamRequest>, changes: Partial<typeof context> = {}) =>
  settleIpam([request(given)], { ...context, ...changes });

describe('without a wish', () => {
  test('the first free subnet is taken, and its first address is the bridge’s', () => {
    expect(settleIpam([], context)).toEqual({
      ipv4: { subnet: '172.18.0.0/16', gateway: '172.18.0.1', auxAddresses: {}, isChosen: false },
    });
  });

  test('a subnet that the host has a route into is passed over', () => {
    const routed = ['0.0.0.0/0', '172.18.9.0/24'];
    expect(settleIpam([], { ...context, routed }).ipv4.subnet).toBe('172.19.0.0/16');
  });

  test('IPv6 has a subnet too when it is enabled', () => {
    const { ipv6 } = settleIpam([], { ...context, enableIpv6: true });
    expect(ipv6).toMatchObject({
      subnet: 'fdab:abab:abab:abab::/64',
      gateway: 'fdab:abab:abab:abab::1',
    });
  });
});

describe('a wish', () => {
  test('for subnet, range, gateway and held addresses is granted', () => {
    const auxAddresses = { printer: '10.9.0.5' };
    const given = { subnet: '10.9.0.0/24', ipRange: '10.9.0.128/25', gateway: '10.9.0.254' };
    expect(settle({ ...given, auxAddresses }).ipv4).toEqual({
      ...given,
      auxAddresses,
      isChosen: true,
    });
  });

  test('for IPv6 may be written in any form', () => {
    const given = { subnet: 'FD52:0A1B:0:0::/64', gateway: 'fd52:0a1b:0::1' };
    const both = [request(given)];
    expect(settleIpam(both, { ...context, enableIpv6: true }).ipv6).toMatchObject({
      subnet: 'fd52:a1b::/64',
      gateway: 'fd52:a1b::1',
    });
  });

  test('for both families is granted', () => {
    const both = [request({ subnet: '10.9.0.0/24' }), request({ subnet: 'fd09::/64' })];
    expect(settleIpam(both, { ...context, enableIpv6: true }).ipv6?.gateway).toBe('fd09::1');
  });

  test.each<[string, Partial<IpamRequest>, string]>([
    ['no address', { subnet: 'lan' }, 'invalid subnet "lan": invalid CIDR block notation'],
    ['no prefix', { subnet: '10.9.0.0' }, 'invalid CIDR block notation'],
    ['prefix of 33', { subnet: '10.9.0.0/33' }, 'invalid CIDR block notation'],
    ['negative prefix', { subnet: '10.9.0.0/-1' }, 'invalid CIDR block notation'],
    ['host bits', { subnet: '10.9.0.7/24' }, 'it should be 10.9.0.0/24'],
    ['a single address', { subnet: '10.9.0.1/32' }, 'the prefix must be from /8 to /30'],
    ['no room', { subnet: '10.9.0.0/31' }, 'the prefix must be from /8 to /30'],
    ['all of the internet', { subnet: '0.0.0.0/0' }, 'the prefix must be from /8 to /30'],
    ['leading zeros', { subnet: '010.9.0.0/24' }, 'invalid CIDR block notation'],
    ['a control byte', { subnet: '10.9.0.0/24\n' }, 'invalid CIDR block notation'],
    ['a zone', { subnet: 'fe80::%eth0/64' }, 'invalid CIDR block notation'],
    ['IPv6 that is off', { subnet: 'fd09::/64' }, 'is of IPv6, which is not enabled'],
    ['a gateway elsewhere', { subnet: '10.9.0.0/24', gateway: '10.8.0.1' }, "doesn't contain"],
    ['no gateway at all', { subnet: '10.9.0.0/24', gateway: 'me' }, 'invalid gateway "me"'],
    ['broadcast', { subnet: '10.9.0.0/24', gateway: '10.9.0.255' }, 'broadcast address'],
    ['the network', { subnet: '10.9.0.0/24', gateway: '10.9.0.0' }, 'its broadcast address'],
    ['a range elsewhere', { subnet: '10.9.0.0/24', ipRange: '10.8.0.0/25' }, "doesn't contain"],
    ['a larger range', { subnet: '10.9.0.0/24', ipRange: '10.9.0.0/16' }, "doesn't contain"],
    [
      'a held address elsewhere',
      { subnet: '10.9.0.0/24', auxAddresses: { a: '10.8.0.1' } },
      'invalid auxiliary address 10.8.0.1',
    ],
    ['a gateway alone', { gateway: '10.9.0.1' }, 'needs a subnet'],
    ['a range alone', { ipRange: '10.9.0.0/25' }, 'needs a subnet'],
  ])('that cannot be is refused: %s', (_, given, message) => {
    expect(() => settle(given)).toThrow(message);
  });

  test('for what another network has is refused in docker’s words', () => {
    for (const subnet of ['172.17.0.0/16', '172.17.4.0/24', '172.16.0.0/12'])
      expect(() => settle({ subnet })).toThrow('Pool overlaps with other one');
  });

  test('for two subnets of a family is refused', () => {
    const two = [request({ subnet: '10.9.0.0/24' }), request({ subnet: '10.10.0.0/24' })];
    expect(() => settleIpam(two, context)).toThrow('one subnet of each family');
  });

  test('of any text either is granted as a whole, or refused with a reason', () => {
    const text = fc.oneof(
      fc.string(),
      fc.tuple(fc.ipV4(), fc.nat(40)).map(([address, n]) => `${address}/${n}`),
      fc.tuple(fc.ipV6(), fc.nat(140)).map(([address, n]) => `${address}/${n}`),
      fc.ipV4(),
    );
    const wish = fc.record({
      subnet: text,
      ipRange: text,
      gateway: text,
      auxAddresses: fc.dictionary(fc.string(), text, { maxKeys: 2 }),
    });
    fc.assert(
      fc.property(wish, fc.boolean(), (given, enableIpv6) => {
        try {
          const { ipv4, ipv6 } = settleIpam([given], { ...context, enableIpv6 });
          expect([ipv4.subnet, ipv6?.subnet]).toContain(given.subnet || ipv4.subnet);
        } catch (error) {
          expect((error as { kind?: string }).kind).toMatch(/^(invalid|forbidden)$/);
        }
      }),
    );
  });
});
