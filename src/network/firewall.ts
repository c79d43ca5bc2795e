/**
 * The firewall's table of one network, as data: addresses are translated on the way out, published
 * ports on the way in, and nothing else reaches a container from outside. Pure. nft(8),
 * libnftables-json(5); docs/network-default.md shows the table as nft prints it.
 *
 * The table is the engine's own, so other programs' rules are left alone; what must be said in theirs
 * is said by firewall-guests.ts.
 */

import { parseCidr } from '../kernel/netlink/message.ts';
import type { NftCommand } from '../kernel/nftables.ts';

export interface FirewallNetwork {
  /** The bridge's link. */
  bridge: string;
  /** `10.88.0.0/16` */
  subnet: string;
}

/**
 * Hold what is published: `tcp . 8080 : 10.88.0.2` and `tcp . 8080 : 80`. Two maps and not one to
 * address and port together, because libnftables 1.0.6 (Debian 12) crashes on that when it comes as JSON.
 */
export const PORT_MAPS = [
  { name: 'port_addresses', map: 'ipv4_addr' },
  { name: 'port_numbers', map: 'inet_service' },
] as const;
const FAMILY = 'inet';

type Expression = Readonly<Record<string, unknown>>;

/** `petri` for the default bridge; engines side by side on one host have a table each. */
export function tableName(bridge: string): string {
  return bridge === 'petri0' ? 'petri' : `petri_${bridge.replace(/[^A-Za-z0-9_]/g, '_')}`;
}

/** Replaces the network's table in one transaction: at no moment is there half of it. */
export function replaceTable(network: FirewallNetwork): NftCommand[] {
  const table = { family: FAMILY, name: tableName(network.bridge) };
  return [...removeTable(network), { add: { table } }, ...portMaps(network), ...chains(network)];
}

/** Removes the table whether it is there or not: `delete` alone fails without one. */
export function removeTable({ bridge }: FirewallNetwork): NftCommand[] {
  const table = { family: FAMILY, name: tableName(bridge) };
  return [{ add: { table } }, { delete: { table } }];
}

function portMaps({ bridge }: FirewallNetwork): NftCommand[] {
  const type = ['inet_proto', 'inet_service'];
  return PORT_MAPS.map((map) => ({ add: { map: { ...place(bridge), type, ...map } } }));
}

function chains(network: FirewallNetwork): NftCommand[] {
  return [
    ...chain(network, 'guard', { type: 'filter', hook: 'prerouting', prio: -300 }, guard(network)),
    ...chain(network, 'publish', { type: 'nat', hook: 'prerouting', prio: -100 }, publish()),
    ...chain(network, 'publish_local', { type: 'nat', hook: 'output', prio: -100 }, publish()),
    ...chain(network, 'forward', { type: 'filter', hook: 'forward', prio: 0 }, forward(network)),
    ...chain(network, 'leave', { type: 'nat', hook: 'postrouting', prio: 100 }, leave(network)),
  ];
}

/** Before anything is translated: who comes from elsewhere has no business with a container's address. */
function guard({ bridge, subnet }: FirewallNetwork): Expression[][] {
  return [
    [
      isNot(meta('iifname'), bridge),
      isNot(meta('iifname'), 'lo'),
      is(ip('daddr'), prefix(subnet)),
      drop,
    ],
    [is(meta('iifname'), bridge), isNot(ip('saddr'), prefix(subnet)), drop],
  ];
}

/** Looks up protocol and port of what is sent to the host itself; not found, the rule does nothing. */
function publish(): Expression[][] {
  const key = { concat: [meta('l4proto'), { payload: { protocol: 'th', field: 'dport' } }] };
  const [addr, port] = PORT_MAPS.map(({ name }) => ({ map: { key, data: `@${name}` } }));
  const toHost = is({ fib: { result: 'type', flags: ['daddr'] } }, 'local');
  return [[toHost, { dnat: { family: 'ip', addr, port } }]];
}

/** From the bridge anywhere; to the bridge only answers and what was published. */
function forward({ bridge }: FirewallNetwork): Expression[][] {
  return [
    [is(meta('iifname'), bridge), accept],
    [is(meta('oifname'), bridge), isIn(ct('state'), ['established', 'related']), accept],
    [is(meta('oifname'), bridge), isIn(ct('status'), 'dnat'), accept],
    [is(meta('oifname'), bridge), drop],
  ];
}

/** What leaves by another link takes that link's address, or no answer would find its way back. */
function leave({ bridge, subnet }: FirewallNetwork): Expression[][] {
  return [[is(ip('saddr'), prefix(subnet)), isNot(meta('oifname'), bridge), { masquerade: null }]];
}

function chain(
  { bridge }: FirewallNetwork,
  name: string,
  hook: { type: string; hook: string; prio: number },
  rules: Expression[][],
): NftCommand[] {
  return [
    { add: { chain: { ...place(bridge), name, ...hook, policy: 'accept' } } },
    ...rules.map((expr) => ({ add: { rule: { ...place(bridge), chain: name, expr } } })),
  ];
}

function place(bridge: string): { family: string; table: string } {
  return { family: FAMILY, table: tableName(bridge) };
}

const accept: Expression = { accept: null };
const drop: Expression = { drop: null };
const meta = (key: string): Expression => ({ meta: { key } });
const ct = (key: string): Expression => ({ ct: { key } });
const ip = (field: string): Expression => ({ payload: { protocol: 'ip', field } });
const is = (left: Expression, right: unknown): Expression => ({ match: { op: '==', left, right } });
const isNot = (left: Expression, right: unknown): Expression => ({
  match: { op: '!=', left, right },
});
const isIn = (left: Expression, right: unknown): Expression => ({
  match: { op: 'in', left, right },
});

function prefix(subnet: string): Expression {
  const { address, prefixLength } = parseCidr(subnet);
  return { prefix: { addr: address, len: prefixLength } };
}
