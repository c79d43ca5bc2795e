/** The firewall's rules and the endpoint's steps as data. */
import { describe, expect, test } from 'vitest';
import { endpointSteps, noneSteps } from '../../../src/network/endpoint-steps.ts';
import { replaceTable, tableName } from '../../../src/network/firewall.ts';
import { admitCommands, chainsToAdmit } from '../../../src/network/firewall-guests.ts';

describe('the table', () => {
  const commands = replaceTable({ bridge: 'petri0', subnet: '10.88.0.0/16' });
  const rulesOf = (chain: string) =>
    commands
      .map(({ add }) => (add as { rule?: { chain: string; expr: unknown[] } } | undefined)?.rule)
      .filter((rule) => rule?.chain === chain)
      .map((rule) => JSON.stringify(rule?.expr));

  test('is replaced whole: made if missing, deleted, made', () => {
    const table = { family: 'inet', name: 'petri' };
    expect(commands.slice(0, 3)).toEqual([
      { add: { table } },
      { delete: { table } },
      { add: { table } },
    ]);
  });

  test('lets out everything, in only answers and what is published', () => {
    const rules = rulesOf('forward');
    expect(rules.map((rule) => /accept|drop/.exec(rule)?.[0])).toEqual([
      'accept',
      'accept',
      'accept',
      'drop',
    ]);
    expect(rules[0]).toContain('iifname');
    expect(rules[1]).toContain('["established","related"]');
    expect(rules[2]).toContain('dnat');
  });

  test('masquerades what leaves by another link', () => {
    expect(rulesOf('leave')).toHaveLength(1);
    expect(rulesOf('leave')[0]).toContain('{"prefix":{"addr":"10.88.0.0","len":16}}');
  });

  test('is named after the bridge, so that engines do not meet', () => {
    expect(['petri0', 'br-a.b', 'petritest0'].map(tableName)).toEqual([
      'petri',
      'petri_br_a_b',
      'petri_petritest0',
    ]);
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
  };
  const steps = endpointSteps({ bridgeName: 'petri0', mtu: 1500 }, endpoint);

  test('go into the new namespace and come back before anything else is made', () => {
    expect(steps.map(({ call }) => call)).toEqual([
      'unshare',
      'open',
      'socket',
      'write',
      'write',
      'write',
      'setns',
      'RTM_NEWLINK',
      'RTM_NEWLINK',
      'write',
      'RTM_NEWADDR',
      'RTM_NEWLINK',
      'RTM_GETLINK',
      'RTM_NEWROUTE',
      'close',
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

  test('of `none` make no link', () => {
    expect(noneSteps().filter(({ call }) => call.startsWith('RTM_'))).toHaveLength(1);
  });

  test('are plain data', () => {
    expect(JSON.parse(JSON.stringify(steps))).toEqual(steps);
  });
});
