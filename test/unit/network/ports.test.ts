/** Ports as they are asked for, taken and shown: the pure parts. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { elementText, portElements } from '../../../src/network/firewall/elements.ts';
import { isProxied } from '../../../src/network/ports/proxy.ts';
import type { PublishedAt } from '../../../src/network/ports/published.ts';
import {
  overlap,
  type PortOptions,
  parseExposed,
  requestedPorts,
} from '../../../src/network/ports/requests.ts';
import { elementsOf, publishSteps } from '../../../src/network/ports/steps.ts';

type Bindings = NonNullable<PortOptions['PortBindings']>;

const ask = (PortBindings: Bindings, PublishAllPorts = false, exposed = {}) =>
  requestedPorts({ PortBindings, PublishAllPorts }, exposed);
const bind = (HostPort: string, HostIp = '') => ask({ '80/tcp': [{ HostIp, HostPort }] })[0];

describe('what is asked for', () => {
  test.each([
    ['', '8080', ['0.0.0.0', '::'], [8080, 8080]],
    ['127.0.0.1', '8080', ['127.0.0.1'], [8080, 8080]],
    ['::', '8080', ['::'], [8080, 8080]],
    ['0:0:0::1', '8080', ['::1'], [8080, 8080]],
    ['::FFFF:10.0.0.1', '1', ['::ffff:10.0.0.1'], [1, 1]],
    ['', '8000-8010', ['0.0.0.0', '::'], [8000, 8010]],
    ['', '', ['0.0.0.0', '::'], undefined],
    ['', '0', ['0.0.0.0', '::'], undefined],
  ])('HostIp %j and HostPort %j', (hostIp, hostPort, hostIps, hostPorts) => {
    expect(bind(hostPort, hostIp)).toEqual({
      protocol: 'tcp',
      containerPort: 80,
      hostIps,
      hostPorts,
    });
  });

  test.each(['-1', '65536', '8010-8000', '1-2-3', 'http', '80 ', '0-5', '99999999999', '\u0661'])(
    'is refused with HostPort %j',
    (hostPort) => {
      expect(() => bind(hostPort)).toThrow(
        `invalid port specification: ${JSON.stringify(hostPort)}`,
      );
    },
  );

  test.each(['0/tcp', '65536', 'a/tcp', '80-81/tcp', '', '/tcp'])(
    'is refused for port %j',
    (port) => {
      expect(() => ask({ [port]: [{ HostPort: '80' }] })).toThrow('invalid port specification');
    },
  );

  test('is refused for another protocol and for what is no address', () => {
    expect(() => ask({ '80/icmp': [] })).toThrow('invalid proto');
    for (const ip of ['localhost', '1.2.3', 'fe80::1%eth0', '1.2.3.4/24'])
      expect(() => bind('80', ip)).toThrow('invalid IP address');
  });

  test('is refused when it is asked for twice, but not at different addresses or by different protocols', () => {
    const two = (a: string, b: string, more: Bindings = {}) =>
      ask({ '80/tcp': [a, b].map((HostIp) => ({ HostIp, HostPort: '80' })), ...more });
    expect(() => two('', '')).toThrow('0.0.0.0:80/tcp is asked for twice');
    expect(() => two('', '127.0.0.1')).toThrow('asked for twice');
    expect(() => two('::1', '::')).toThrow('asked for twice');
    expect(two('127.0.0.1', '127.0.0.2')).toHaveLength(2);
    expect(two('0.0.0.0', '::', { '80/udp': [{ HostPort: '80' }] })).toHaveLength(3);
  });

  test('by --publish-all: every exposed port that has no place yet', () => {
    const exposed = { '80/tcp': {}, '53/udp': {}, '7000-7002/tcp': {} };
    const requests = ask({ '80/tcp': [{ HostPort: '8080' }], '90/tcp': null }, true, exposed);
    expect(requests.map(({ containerPort, hostPorts }) => [containerPort, hostPorts?.[0]])).toEqual(
      [
        [80, 8080],
        [53, undefined],
        [7000, undefined],
        [7001, undefined],
        [7002, undefined],
        [90, undefined],
      ],
    );
    expect(ask({}, false, exposed)).toEqual([]);
  });

  test('without an address is where the network says', () => {
    const [request] = requestedPorts(
      { PortBindings: { '80/tcp': [{ HostPort: '80' }] }, PublishAllPorts: false },
      null,
      '127.0.0.1',
    );
    expect(request?.hostIps).toEqual(['127.0.0.1']);
  });

  test('is a range of ports in EXPOSE', () => {
    expect(parseExposed('7-9/sctp').map(({ containerPort }) => containerPort)).toEqual([7, 8, 9]);
    expect(() => parseExposed('0')).toThrow('invalid port');
  });

  test('never throws anything but a 400', () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[0-9-]{0,11}(\/tcp)?$/), fc.ipV6());
    const binding = fc.record({ HostIp: text, HostPort: text });
    fc.assert(
      fc.property(fc.dictionary(text, fc.array(binding, { maxLength: 3 })), (bindings) => {
        try {
          for (const { containerPort, hostPorts } of ask(bindings, true)) {
            expect(containerPort).toBeGreaterThan(0);
            expect(hostPorts?.[1] ?? 1).toBeLessThan(65536);
          }
        } catch (error) {
          expect((error as Error).name).toBe('InvalidError');
        }
      }),
    );
  });
});

test('two are in each other’s way when one packet could be for both', () => {
  const at = (hostIp: string, hostPort = 80, protocol: 'tcp' | 'udp' = 'tcp') => ({
    protocol,
    hostIp,
    hostPort,
  });
  expect(overlap(at('0.0.0.0'), at('127.0.0.1'))).toBe(true);
  expect(overlap(at('127.0.0.1'), at('127.0.0.2'))).toBe(false);
  expect(overlap(at('0.0.0.0'), at('::'))).toBe(false);
  expect(overlap(at('::1'), at('::'))).toBe(true);
  expect(overlap(at('::'), at('::', 81))).toBe(false);
  expect(overlap(at('::'), at('::', 80, 'udp'))).toBe(false);
});

describe('the steps', () => {
  const port = (changes: Partial<PublishedAt>): PublishedAt => ({
    ...{ protocol: 'tcp', containerPort: 80, hostIp: '0.0.0.0', hostPort: 8080, ipv4: '10.1.0.2' },
    ...changes,
  });
  const ports = [port({}), port({ hostIp: '::' }), port({ protocol: 'udp', hostPort: 53 })];
  const steps = publishSteps('petri', ports, 'veth1');

  test('are none when nothing is published', () => {
    expect(publishSteps('petri', [], 'veth1')).toEqual([]);
  });

  test('put all that can be translated into the table at once, and can take it back', () => {
    const [translate] = steps;
    expect(translate?.args.elements).toEqual({
      wildcard_addresses4: { 'tcp . 8080': '10.1.0.2', 'udp . 53': '10.1.0.2' },
      wildcard_ports4: { 'tcp . 8080': '80', 'udp . 53': '80' },
    });
    expect(translate?.undo?.args).toEqual({ ...translate?.args, command: 'delete element' });
    expect(translate?.sh.split('\n')[0]).toBe(
      "nft add element inet petri wildcard_addresses4 '{ tcp . 8080 : 10.1.0.2, udp . 53 : 10.1.0.2 }'",
    );
    const texts = elementsOf(translate?.args ?? {}).map(elementText);
    expect(texts.sort()).toEqual(ports.flatMap(portElements).map(elementText).sort());
  });

  test('let the engine carry what cannot be translated, and forget who sends datagrams', () => {
    expect(steps.map(({ call }) => call)).toEqual([
      'nft',
      'RTM_NEWLINK',
      'listen',
      'IPCTNL_MSG_CT_DELETE',
    ]);
    expect(steps[2]?.args).toMatchObject({ address: '::', port: 8080, to: '10.1.0.2:80' });
  });

  test('are the supervisor’s, each with its reason, man page and shell command', () => {
    for (const step of steps) {
      expect(step).toMatchObject({ actor: 'supervisor', phase: 'network' });
      expect(step.why.length).toBeGreaterThan(15);
      expect(step.see).toMatch(/^\w+\(\d\)$/);
      expect(step.sh).not.toBe('');
    }
  });

  test.each([
    ['::', undefined, true],
    ['::1', undefined, true],
    ['::1', 'fd00::2', true],
    ['::', 'fd00::2', true],
    ['fd01::1', 'fd00::2', false],
    ['fd01::1', undefined, true],
    ['0.0.0.0', undefined, false],
  ])('%s to a container with the IPv6 address %s is carried: %s', (hostIp, ipv6, carried) => {
    expect(isProxied(port({ hostIp, ...(ipv6 ? { ipv6 } : {}) }))).toBe(carried);
    expect(isProxied(port({ hostIp, protocol: 'sctp' }))).toBe(false);
  });
});
