/**
 * What stands in the sets and maps of the firewall's table (table.ts) for one network and for one
 * published port. Pure.
 */
import type { NftCommand, NftObject } from '../../kernel/nftables.ts';
import type { PublishedAt } from '../ports/published.ts';
import { FAMILY } from './table.ts';

export interface FirewallNetwork {
  /** The bridge's link. */
  bridge: string;
  /** `10.88.0.0/16` */
  ipv4?: string;
  /** `fd00:88::/64` */
  ipv6?: string;
  /** Nothing leads out of it or into it. */
  internal: boolean;
  /** Its containers reach each other. */
  icc: boolean;
  /** What its containers send outward takes the host's address. */
  masquerade: boolean;
}

/** One element of a set, or of a map when it has a value. */
export interface Element {
  set: string;
  /** The parts of its key; `ADDRESS/LENGTH` is a prefix. */
  key: readonly string[];
  value?: string;
}

export function networkElements(network: FirewallNetwork): Element[] {
  const { bridge, ipv4, ipv6, internal, icc } = network;
  return [
    { set: 'bridges', key: [bridge] },
    ...(internal ? [{ set: 'internal', key: [bridge] }] : []),
    ...(icc ? [{ set: 'within', key: [bridge, bridge] }] : []),
    ...(ipv4 ? subnetElements(network, ipv4, 4) : []),
    ...(ipv6 ? [...subnetElements(network, ipv6, 6), ...linkLocal(bridge)] : []),
  ];
}

function subnetElements(
  { bridge, masquerade }: FirewallNetwork,
  subnet: string,
  version: 4 | 6,
): Element[] {
  return [
    { set: `subnets${version}`, key: [subnet] },
    { set: `places${version}`, key: [bridge, subnet] },
    { set: `stays${version}`, key: [subnet, bridge] },
    ...(masquerade ? [{ set: `masked${version}`, key: [subnet] }] : []),
  ];
}

/** Where IPv6 is spoken, neighbours are asked for from these addresses; RFC 4861. */
function linkLocal(bridge: string): Element[] {
  return ['fe80::/10', '::'].map((address) => ({ set: 'places6', key: [bridge, address] }));
}

/** Of each version of IP that is published and that the container speaks. */
export function portElements(port: PublishedAt): Element[] {
  const isV6 = port.hostIp.includes(':');
  const address = isV6 ? port.ipv6 : port.ipv4;
  if (address === undefined) return [];
  const isWildcard = port.hostIp === '0.0.0.0' || port.hostIp === '::';
  const version = isV6 ? 6 : 4;
  const kind = isWildcard ? 'wildcard' : 'exact';
  const key = [...(isWildcard ? [] : [port.hostIp]), port.protocol, String(port.hostPort)];
  return [
    { set: `${kind}_addresses${version}`, key, value: address },
    { set: `${kind}_ports${version}`, key, value: String(port.containerPort) },
  ];
}

/** A command for each set that is touched; together in one transaction. */
export function elementCommands(
  verb: 'add' | 'delete',
  table: string,
  elements: readonly Element[],
): NftCommand[] {
  return [...new Set(elements.map(({ set }) => set))].map((name) => {
    const elem = elements.filter(({ set }) => set === name).map(toJson);
    return { [verb]: { element: { family: FAMILY, table, name, elem } } };
  });
}

function toJson({ key, value }: Element): unknown {
  const parts = key.map(keyPart);
  const whole = parts.length === 1 ? parts[0] : { concat: parts };
  return value === undefined ? whole : [whole, value];
}

function keyPart(part: string): unknown {
  const [addr, length] = part.split('/');
  return length === undefined ? part : { prefix: { addr, len: Number(length) } };
}

/** `wildcard_ports4: tcp . 8080 : 80` */
export function elementText({ set, key, value }: Element): string {
  return `${set}: ${key.join(' . ')}${value === undefined ? '' : ` : ${value}`}`;
}

/** The same texts for a set or map as nftables lists it. */
export function listedElements({ set, map }: NftObject): string[] {
  const listed = (set ?? map) as { name: string; elem?: unknown[] } | undefined;
  return (listed?.elem ?? []).map((elem) => {
    const [key, value] = Array.isArray(elem) ? elem : [elem];
    return `${listed?.name}: ${partText(key)}${value === undefined ? '' : ` : ${value}`}`;
  });
}

function partText(part: unknown): string {
  if (typeof part !== 'object' || part === null) return String(part);
  const { concat, prefix } = part as { concat?: unknown[]; prefix?: { addr: string; len: number } };
  return prefix ? `${prefix.addr}/${prefix.len}` : (concat ?? []).map(partText).join(' . ');
}
