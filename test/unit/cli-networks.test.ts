/** What the command line makes of ports, networks and their addresses, by tables and by properties. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvFields, stringSlice } from '../../src/cli/csv.ts';
import { formatTimestamp } from '../../src/cli/format/text.ts';
import { naturalOrder } from '../../src/cli/natural.ts';
import { ipamConfig } from '../../src/cli/network/ipam.ts';
import { checkMacAddress, isAddress } from '../../src/cli/run/addresses.ts';
import { createBody } from '../../src/cli/run/body.ts';
import { parseNetwork } from '../../src/cli/run/networks.ts';
import { parsePorts } from '../../src/cli/run/ports.ts';
import { readFlags } from '../support/cli-flags.ts';

const port = fc.integer({ min: 0, max: 65535 });
const range = fc
  .tuple(port, fc.nat(20))
  .map(([first, more]) => [first, Math.min(65535, first + more)] as const);
const protocol = fc.constantFrom('tcp', 'udp', 'sctp');
const address = fc.oneof(fc.ipV4(), fc.ipV6());
const written = ([first, last]: readonly [number, number]) =>
  first === last ? `${first}` : `${first}-${last}`;

describe('published ports', () => {
  it('each of a range inside has its own of the range outside', () => {
    const moved = fc.tuple(range, port).map(([[first, last], start]) => {
      const outside = Math.min(start, 65535 - (last - first));
      return { first, last, outside };
    });
    fc.assert(
      fc.property(moved, fc.option(address), protocol, ({ first, last, outside }, ip, kind) => {
        const host = ip === null ? '' : ip.includes(':') ? `[${ip}]:` : `${ip}:`;
        const spec = `${host}${written([outside, outside + last - first])}:${written([first, last])}/${kind}`;
        const { exposed, bindings } = parsePorts([spec], []);
        expect(Object.keys(exposed)).toHaveLength(last - first + 1);
        for (let each = first; each <= last; each++)
          expect(bindings[`${each}/${kind}`]).toEqual([
            { HostIp: ip ?? '', HostPort: String(outside + each - first) },
          ]);
      }),
    );
  });

  it('a range outside and one port inside leave the choice', () => {
    fc.assert(
      fc.property(range, port, (outside, inside) => {
        expect(parsePorts([`${written(outside)}:${inside}`], []).bindings).toEqual({
          [`${inside}/tcp`]: [{ HostIp: '', HostPort: written(outside) }],
        });
      }),
    );
  });

  it('any text is ports of the protocols there are, or is refused', () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[-0-9a-z:/[\].=,]{0,25}$/));
    fc.assert(
      fc.property(text, (spec) => {
        let maps: ReturnType<typeof parsePorts>;
        try {
          maps = parsePorts([spec], []);
        } catch (error) {
          expect((error as Error).message).toMatch(/^(invalid|no port) ./);
          return;
        }
        expect(Object.keys(maps.exposed)).toEqual(Object.keys(maps.bindings));
        for (const key of Object.keys(maps.exposed))
          expect(key).toMatch(/^\d{1,5}\/(tcp|udp|sctp)$/);
        for (const { HostIp } of Object.values(maps.bindings).flat())
          expect(HostIp === '' || isAddress(HostIp)).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });

  it('exposed ones are joined with those published', () => {
    fc.assert(
      fc.property(range, range, (published, exposed) => {
        const { exposed: all } = parsePorts([written(published)], [written(exposed)]);
        const wanted = new Set<string>();
        for (const [first, last] of [published, exposed])
          for (let each = first; each <= last; each++) wanted.add(`${each}/tcp`);
        expect(new Set(Object.keys(all))).toEqual(wanted);
      }),
    );
  });
});

describe('--network', () => {
  const name = fc.stringMatching(/^[a-z0-9][a-z0-9_.-]{0,10}$/);
  const option = fc.stringMatching(/^[a-z0-9][a-z0-9 ,".=/-]{0,10}[a-z0-9]$/);

  it('in its long form says what is in it, whatever the order', () => {
    const fields = fc.record({
      name,
      aliases: fc.array(name, { maxLength: 3 }),
      ip: fc.ipV4(),
      ip6: fc.ipV6().map((ip) => ip.toLowerCase()),
      options: fc.dictionary(name, option, { maxKeys: 3 }),
      priority: fc.integer(),
    });
    const order = fc.infiniteStream(fc.nat());
    fc.assert(
      fc.property(fields, order, ({ name, aliases, ip, ip6, options, priority }, seeds) => {
        const all = [
          `name=${name}`,
          ...aliases.map((alias) => `alias=${alias}`),
          `ip=${ip}`,
          `ip6=${ip6}`,
          ...Object.entries(options).map(([key, value]) => `driver-opt=${key}=${value}`),
          `gw-priority=${priority}`,
        ].map((field) => ({ field, at: seeds.next().value }));
        const text = all
          .sort((a, b) => a.at - b.at)
          .map(({ field }) => `"${field.replaceAll('"', '""')}"`)
          .join(',');
        // A text that begins with a quote is no long form to docker either: the first field is bare.
        const parsed = parseNetwork(`mac-address=02:42:ac:11:00:09,${text}`);
        expect(parsed).toMatchObject({ target: name, ip, ip6, gatewayPriority: priority });
        expect([...parsed.aliases].sort()).toEqual([...aliases].sort());
        expect({ ...parsed.driverOptions }).toEqual({ ...options });
      }),
    );
  });

  it('any text names a network or is refused, and a bad one never gets into the body', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          expect(parseNetwork(text).target).toBeTypeOf('string');
          const { flags } = readFlags([`--network=${text}`, 'busybox']);
          createBody(['busybox'], flags, {});
        } catch (error) {
          expect((error as Error).message).not.toBe('');
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('comma-separated values', () => {
  it('come through as they were', () => {
    const field = fc.string({ unit: 'grapheme' });
    fc.assert(
      fc.property(fc.array(field, { minLength: 1 }), (fields) => {
        const text = fields.map((each) => `"${each.replaceAll('"', '""')}"`).join(',');
        expect(csvFields(text)).toEqual(fields);
      }),
    );
  });
  it('without a quote they are split at the commas', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[^"\n]+$/), (text) => {
        expect(csvFields(text)).toEqual(text.split(','));
      }),
    );
  });
  it('nothing is no value', () => expect(stringSlice('')).toEqual([]));
});

describe('addresses of a network', () => {
  const none = { subnets: [], ranges: [], gateways: [], auxiliary: {} };

  it('each goes to the subnet it lies in', () => {
    const subnets = ['10.1.0.0/16', '10.2.3.0/24', 'fd00:9::/64'];
    const inside = fc.constantFrom(
      ['10.1.200.9', 0],
      ['10.2.3.254', 1],
      ['fd00:9::ffff', 2],
    ) as fc.Arbitrary<[string, number]>;
    fc.assert(
      fc.property(inside, inside, ([gateway, of], [auxiliary, at]) => {
        const config = ipamConfig({
          ...none,
          subnets,
          gateways: [gateway],
          auxiliary: { a: auxiliary },
        });
        expect(config.map(({ Subnet }) => Subnet)).toEqual(subnets);
        expect(config.findIndex(({ Gateway }) => Gateway === gateway)).toBe(of);
        expect(
          config.findIndex(({ AuxiliaryAddresses }) => AuxiliaryAddresses?.a === auxiliary),
        ).toBe(at);
      }),
    );
  });
  it('subnets one of which holds the other are refused, in whichever order', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.integer({ min: 0, max: 32 }), fc.nat(32), (ip, outer, more) => {
        const pair = [`${ip}/${outer}`, `${ip}/${Math.min(32, outer + more)}`];
        for (const subnets of [pair, pair.reverse()])
          expect(() => ipamConfig({ ...none, subnets })).toThrow('multiple overlapping subnet');
      }),
    );
  });
});

describe('names in natural order', () => {
  it.each([
    ['net2', 'net10'],
    ['net', 'net1'],
    ['1', 'a'],
    ['a1b2', 'a1b10'],
    ['a1', 'a01'],
    ['a1c', 'a01b'],
    ['A', 'a'],
  ])('%s comes before %s', (a, b) => {
    expect(naturalOrder(a, b)).toBeLessThan(0);
    expect(naturalOrder(b, a)).toBeGreaterThan(0);
  });
  it('is an order', () => {
    const text = fc.stringMatching(/^[a0-9]{0,6}$/);
    fc.assert(
      fc.property(text, text, text, (a, b, c) => {
        expect(naturalOrder(a, b) === 0).toBe(a === b);
        const [first, , last] = [a, b, c].sort(naturalOrder) as [string, string, string];
        expect(naturalOrder(first, last)).toBeLessThanOrEqual(0);
      }),
    );
  });
});

it.each([
  ['02:42:ac:11:00:09', true],
  ['02-42-AC-11-00-09', true],
  ['0242.ac11.0009', true],
  ['02:42:ac:11:00:09:00:01', true],
  ['02:42:ac:11:00', false],
  ['02:42-ac:11:00:09', false],
  ['0242ac110009', false],
  ['02:42:ac:11:00:0g', false],
  ['', false],
])('the MAC address %j: %s', (text, isRight) => {
  if (isRight) checkMacAddress(text);
  else expect(() => checkMacAddress(text)).toThrow(`${text} is not a valid mac address`);
});

it.each([
  ['2026-11-25T23:17:16.774977878Z', '2026-11-25 23:17:16.774977878 +0000 UTC'],
  ['2026-11-25T23:17:16.700Z', '2026-11-25 23:17:16.7 +0000 UTC'],
  ['2026-11-25T23:17:10.000Z', '2026-11-25 23:17:10 +0000 UTC'],
  ['2026-11-25T23:17:10Z', '2026-11-25 23:17:10 +0000 UTC'],
  ['2026-11-25T23:17:16.5+02:00', '2026-11-25 23:17:16.5 +0200 +0200'],
  ['0001-01-01T00:00:00Z', '0001-01-01 00:00:00 +0000 UTC'],
])('the time %s is told as %s', (text, told) => {
  expect(formatTimestamp(text)).toBe(told);
});
