/**
 * The firewall's table as data: its name, its sets and maps, and its chains. The rules name no network
 * and no port: those are elements of the sets and maps (elements.ts), so that one more of them is one
 * small transaction, and a packet meets one lookup however many there are. Pure. nft(8),
 * libnftables-json(5); docs/network-default.md shows the table as nft prints it.
 *
 * The table is the engine's own, so other programs' rules are left alone; what must be said in theirs
 * is said by guests.ts.
 */
import type { NftCommand } from '../../kernel/nftables.ts';
import { type ChainRules, type Expression, rules } from './rules.ts';

export const FAMILY = 'inet';

interface SetForm {
  name: string;
  type: string | readonly string[];
  /** A map's values. */
  map?: string;
  flags?: readonly string[];
}

const versions = [
  { version: 4, address: 'ipv4_addr' },
  { version: 6, address: 'ipv6_addr' },
] as const;

/** `petri` for the default bridge; engines side by side on one host have a table each. */
export function tableName(bridge: string): string {
  return bridge === 'petri0' ? 'petri' : `petri_${bridge.replace(/[^A-Za-z0-9_]/g, '_')}`;
}

/** Makes the table anew, with nothing in its sets and maps; in one transaction with removeTable it replaces it. */
export function makeTable(name: string): NftCommand[] {
  return [
    { add: { table: { family: FAMILY, name } } },
    ...sets().map((set) => ({
      add: { [set.map ? 'map' : 'set']: { family: FAMILY, table: name, ...set } },
    })),
    ...rules.flatMap(({ chain, hook, expressions }) => [
      { add: { chain: { family: FAMILY, table: name, name: chain, ...base(hook) } } },
      ...expressions.map((expr) => rule(name, chain, expr)),
    ]),
  ];
}

function base(hook: ChainRules['hook']): NftCommand {
  return hook ? { ...hook, policy: 'accept' } : {};
}

/** Removes the table whether it is there or not: `delete` alone fails without one. */
export function removeTable(name: string): NftCommand[] {
  const table = { family: FAMILY, name };
  return [{ add: { table } }, { delete: { table } }];
}

function rule(table: string, chain: string, expr: readonly Expression[]): NftCommand {
  return { add: { rule: { family: FAMILY, table, chain, expr } } };
}

function sets(): SetForm[] {
  return [
    { name: 'bridges', type: 'ifname' },
    { name: 'internal', type: 'ifname' },
    { name: 'within', type: ['ifname', 'ifname'] },
    ...versions.flatMap(({ version, address }) => [
      ...subnetSets(version, address),
      ...portMaps(version, address),
    ]),
  ];
}

function subnetSets(version: 4 | 6, address: string): SetForm[] {
  const flags = ['interval'];
  return [
    { name: `subnets${version}`, type: address, flags },
    { name: `masked${version}`, type: address, flags },
    { name: `places${version}`, type: ['ifname', address], flags },
    { name: `stays${version}`, type: [address, 'ifname'], flags },
  ];
}

/**
 * What is published, at every address of the host (`tcp . 8080`) or at one (`127.0.0.1 . tcp . 8080`). A map
 * to the address and one to the port, and not one to both, because libnftables 1.0.6 (Debian 12)
 * crashes on that when it comes as JSON.
 */
function portMaps(version: 4 | 6, address: string): SetForm[] {
  const wildcard = ['inet_proto', 'inet_service'];
  const exact = [address, ...wildcard];
  return [
    { name: `wildcard_addresses${version}`, type: wildcard, map: address },
    { name: `wildcard_ports${version}`, type: wildcard, map: 'inet_service' },
    { name: `exact_addresses${version}`, type: exact, map: address },
    { name: `exact_ports${version}`, type: exact, map: 'inet_service' },
  ];
}
