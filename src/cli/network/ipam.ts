/**
 * `--subnet`, `--ip-range`, `--gateway` and `--aux-address` of `network create`: which of them belong together. As
 * docker's command does it: a range, a gateway or an address belongs to the subnet it lies in. A subnet of which
 * nothing else is said is for the engine to judge.
 */
import { BlockList, isIPv4 } from 'node:net';
import type { IpamBody } from '../../api/client/types.ts';
import { isAddress } from '../run/addresses.ts';

export interface IpamFlags {
  readonly subnets: readonly string[];
  readonly ranges: readonly string[];
  readonly gateways: readonly string[];
  readonly auxiliary: Readonly<Record<string, string>>;
}

/** @throws Error with docker's words */
export function ipamConfig(flags: IpamFlags): IpamBody[] {
  const { subnets, ranges, gateways } = flags;
  if (subnets.length < ranges.length || subnets.length < gateways.length)
    throw new Error('every ip-range or gateway must have a corresponding subnet');
  const bodies = subnets.map(separate);
  for (const range of ranges) placeRange(bodies, range);
  for (const gateway of gateways) placeGateway(bodies, gateway);
  for (const [name, address] of Object.entries(flags.auxiliary))
    for (const body of holding(bodies, address, `aux-address ${address}`))
      body.AuxiliaryAddresses = { ...body.AuxiliaryAddresses, [name]: address };
  return bodies;
}

function separate(Subnet: string, index: number, all: readonly string[]): IpamBody {
  const isOverlapping = (other: string): boolean =>
    contains(Subnet, other) || contains(other, Subnet);
  if (all.slice(0, index).some(isOverlapping))
    throw new Error('multiple overlapping subnet configuration is not supported');
  return { Subnet };
}

function placeRange(bodies: readonly IpamBody[], range: string): void {
  if (bodies.length > 0) parseCidr(range);
  for (const body of holding(bodies, range, `range ${range}`)) {
    if (body.IPRange !== undefined)
      throw new Error(
        `cannot configure multiple ranges (${range}, ${body.IPRange}) on the same subnet (${body.Subnet})`,
      );
    body.IPRange = range;
  }
}

function placeGateway(bodies: readonly IpamBody[], gateway: string): void {
  for (const body of holding(bodies, gateway, `gateway ${gateway}`)) {
    if (body.Gateway !== undefined)
      throw new Error(
        `cannot configure multiple gateways (${gateway}, ${body.Gateway}) for the same subnet (${body.Subnet})`,
      );
    body.Gateway = gateway;
  }
}

/** The subnet the address lies in; they do not overlap. */
function holding(bodies: readonly IpamBody[], address: string, what: string): IpamBody[] {
  const found = bodies.filter(({ Subnet }) => contains(Subnet, address));
  if (found.length === 0) throw new Error(`no matching subnet for ${what}`);
  return found;
}

/** @param data an address, or one with its prefix length. @throws Error with docker's words */
function contains(subnet: string, data: string): boolean {
  const { address, prefix } = parseSubnet(subnet);
  const inside = data.includes('/') ? parseCidr(data).address : data;
  if (!isAddress(inside)) return false;
  const block = new BlockList();
  block.addSubnet(address, prefix, family(address));
  return block.check(inside, family(inside));
}

function parseSubnet(text: string): { address: string; prefix: number } {
  try {
    return parseCidr(text);
  } catch (error) {
    throw new Error(`invalid subnet: ${(error as Error).message}`);
  }
}

/** Go's `net.ParseCIDR`. */
function parseCidr(text: string): { address: string; prefix: number } {
  const [, address = '', digits = ''] = /^([^/]+)\/(\d+)$/.exec(text) ?? [];
  const longest = isIPv4(address) ? 32 : 128;
  if (!isAddress(address) || Number(digits) > longest)
    throw new Error(`invalid CIDR address: ${text}`);
  return { address, prefix: Number(digits) };
}

function family(address: string): 'ipv4' | 'ipv6' {
  return isIPv4(address) ? 'ipv4' : 'ipv6';
}
