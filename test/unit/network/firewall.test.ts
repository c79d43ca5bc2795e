/** The firewall's rules and the endpoint's steps as data. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { endpointSteps } from '../../../src/network/endpoint-steps.ts';
import {
  elementCommands,
  elementText,
  listedElements,
  networkElements,
  portElements,
} from '../../../src/network/firewall/elements.ts';
import { admitCommands, chainsToAdmit } from '../../../src/network/firewall/guests.ts';
import { makeTable, removeTable, tableName } from '../../../src/network/firewall/table.ts';
import { nameServiceSteps } from '../../../src/network/names/steps.ts';
import { noneSteps } from '../../../src/network/namespace-steps.ts';

describe('the table', () => {
  const commands = makeTable('petri');
  const rulesOf = (chain: string) =>
    commands
      .map(({ add }) => (add as { rule?: { chain: string; expr: unknown[] } } | undefined)?.rule)
      .filter((rule) => rule?.chain === chain)
      .map((rule) => JSON.stringify(rule?.expr));

  test('is removed whether it is there or not', () => {
    const table = { family: 'inet', name: 'petri' };
    expect(removeTable('petri')).toEqual([{ add: { table } }, { delete: { table } }]);
  });

  test('names no network and no port in its rules', () => {
    expect(JSON.stringify(commands)).not.toMatch(/petri0|10\.88|8080/);
  });

  test('asks where a packet comes from before it asks for its connection', () => {
    const rules = rulesOf('forward');
    expect(rules.map((rule) => /accept|drop/.exec(rule)?.[0])).toEqual(
      'accept drop drop accept accept drop accept drop'.split(' '),
    );
    expect(rules.findIndex((rule) => rule.includes('established'))).toBe(6);
    expect(rules[4]).toContain('dnat');
  });

  test('is named after the bridge, so that engines do not meet', () => {
    expect(['petri0', 'br-a.b', 'petritest0'].map(tableName)).toEqual([
      'petri',
      'petri_br_a_b',
      'petri_petritest0',
    ]);
  });
});

describe('its elements', () => {
  const network = { bridge: 'br-a', ipv4: '10.1.0.0/16', internal: false, icc: true } as const;
  const texts = (changes: object) =>
    networkElements({ ...network, masquerade: true, ...changes }).map(elementText);

  test('of a network', () => {
    expect(texts({})).toEqual([
      'bridges: br-a',
      'within: br-a . br-a',
      'subnets4: 10.1.0.0/16',
      'places4: br-a . 10.1.0.0/16',
      'stays4: 10.1.0.0/16 . br-a',
      'masked4: 10.1.0.0/16',
    ]);
  });

  test('of one that is internal, of strangers, of both versions of IP', () => {
    expect(texts({ internal: true })).toContain('internal: br-a');
    expect(texts({ icc: false }).join()).not.toContain('within');
    expect(texts({ masquerade: false }).join()).not.toContain('masked');
    expect(texts({ ipv6: 'fd00::/64' })).toEqual(
      expect.arrayContaining(['places6: br-a . fd00::/64', 'places6: br-a . fe80::/10']),
    );
  });

  test.each([
    ['0.0.0.0', ['wildcard_addresses4: tcp . 8080 : 10.1.0.2', 'wildcard_ports4: tcp . 8080 : 80']],
    ['127.0.0.1', ['exact_addresses4: 127.0.0.1 . tcp . 8080 : 10.1.0.2']],
    ['::', ['wildcard_addresses6: tcp . 8080 : fd00::2']],
    ['fd01::1', ['exact_ports6: fd01::1 . tcp . 8080 : 80']],
  ])('of a port published at %s', (hostIp, expected) => {
    const port = { protocol: 'tcp', containerPort: 80, hostIp, hostPort: 8080 } as const;
    const elements = portElements({ ...port, ipv4: '10.1.0.2', ipv6: 'fd00::2' });
    expect(elements).toHaveLength(2);
    expect(elements.map(elementText)).toEqual(expect.arrayContaining(expected));
    expect(portElements(port)).toEqual([]);
  });

  test('are listed as they were added', () => {
    const part = fc.oneof(fc.ipV4(), fc.constant('10.0.0.0/8'), fc.stringMatching(/^[a-z]{1,9}$/));
    const element = fc.record({
      set: fc.constantFrom('a', 'b'),
      key: fc.array(part, { minLength: 1, maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(element), (elements) => {
        const listed = elementCommands('add', 'petri', elements).flatMap(({ add }) =>
          listedElements({ set: (add as { element: object }).element }),
        );
        expect(listed.sort()).toEqual(elements.map(elementText).sort());
      }),
    );
  });
});

describe('rules for other firewalls', () => {
  const chain = (changes: object) => ({
    family: 'ip',
    table: 'filter',
    name: 'FORWARD',
    ...changes,
  });

  test('go where forwarding is dropped, and into DOCKER-USER', () => {
    const chains = [
      chain({ hook: 'forward', policy: 'drop' }),
      chain({ hook: 'input', name: 'INPUT', policy: 'drop' }),
      chain({ name: 'DOCKER-USER' }),
      chain({ table: 'mangle', hook: 'forward', policy: 'accept' }),
      chain({ family: 'inet', table: 'mine', name: 'fw', hook: 'forward', policy: 'drop' }),
      chain({ family: 'ip6', hook: 'forward', policy: 'drop' }),
    ];
    expect(chainsToAdmit(chains)).toEqual([
      { family: 'ip', table: 'filter', chain: 'FORWARD' },
      { family: 'ip', table: 'filter', chain: 'DOCKER-USER' },
      { family: 'inet', table: 'mine', chain: 'fw' },
      { family: 'ip6', table: 'filter', chain: 'FORWARD' },
    ]);
  });

  test('name the bridge in both directions and carry the comment', () => {
    const place = { family: 'ip', table: 'filter', chain: 'FORWARD' };
    const text = JSON.stringify(admitCommands(place, 'petri0'));
    expect(text.match(/"comment":"petri: petri0"/g)).toHaveLength(2);
    expect(text).toContain('"oifname"');
    expect(text).toContain('"iifname"');
  });
});

describe('the steps of an endpoint', () => {
  const endpoint = {
    ipAddress: '10.88.0.2',
    prefixLength: 16,
    gateway: '10.88.0.1',
    macAddress: '02:42:0a:58:00:02',
    hostInterface: 'veth1a2b3c4d',
    interfaceName: 'eth0',
  };
  const attachment = { bridgeName: 'petri0', mtu: 1500, endpoint, hasDefaultRoute: true };
  const steps = endpointSteps([attachment]);

  test('go into the new namespace and come back before anything else is made', () => {
    expect(steps.map(({ call }) => call)).toEqual([
      'unshare',
      'open',
      'socket',
      'write',
      'write',
      'write',
      'RTM_NEWLINK',
      'setns',
      'RTM_NEWLINK',
      'write',
      'RTM_NEWADDR',
      'RTM_NEWLINK',
      'RTM_GETLINK',
      'RTM_NEWROUTE',
      'close',
    ]);
  });

  test('with a name service open its sockets inside, where loopback is up', () => {
    const calls = endpointSteps([attachment], nameServiceSteps(61_234)).map(({ call }) => call);
    const inside = calls.slice(calls.indexOf('unshare'), calls.indexOf('setns'));
    expect(inside.slice(-7)).toEqual([
      'RTM_NEWLINK',
      'socket',
      'bind',
      'socket',
      'bind',
      'listen',
      'nft',
    ]);
  });

  test('are the supervisor’s, each with its reason, man page and shell command', () => {
    for (const step of [...steps, ...noneSteps()]) {
      expect(step).toMatchObject({ actor: 'supervisor', phase: 'network' });
      expect(step.why.length).toBeGreaterThan(15);
      expect(step.see).toMatch(/^\w+\(\d\)$/);
      expect(step.sh).not.toBe('');
    }
  });

  test('of several networks make an interface each, and one way out', () => {
    const second = { ...endpoint, ipAddress: '10.89.0.2', gateway: '10.89.0.1' };
    const ipv6 = { ipv6Address: 'fd00::2', ipv6PrefixLength: 64, ipv6Gateway: 'fd00::1' };
    const both = endpointSteps([
      { ...attachment, hasDefaultRoute: false },
      { ...attachment, endpoint: { ...second, ...ipv6, interfaceName: 'eth1' } },
    ]);
    const of = (call: string) => both.filter((step) => step.call === call).map(({ args }) => args);
    expect(of('RTM_NEWADDR').map(({ dev, address }) => `${dev} ${address}`)).toEqual([
      'eth0 10.88.0.2/16',
      'eth1 10.89.0.2/16',
      'eth1 fd00::2/64',
    ]);
    expect(of('RTM_NEWROUTE').map(({ via }) => via)).toEqual(['10.89.0.1', 'fd00::1']);
    const written = of('write').map(({ path }) => path);
    expect(written).toContain('/proc/sys/net/ipv6/conf/eth1/disable_ipv6');
    expect(written).not.toContain('/proc/sys/net/ipv6/conf/eth0/disable_ipv6');
  });

  test('of `none` make no link', () => {
    expect(noneSteps().filter(({ call }) => call.startsWith('RTM_'))).toHaveLength(1);
  });

  test('are plain data', () => {
    expect(JSON.parse(JSON.stringify(steps))).toEqual(steps);
  });
});
