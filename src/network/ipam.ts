/**
 * What `POST /networks/create` says of addresses, checked and completed: which subnet, which of its
 * addresses is the bridge's, which are given out. Pure.
 */
import { isIP } from 'node:net';
import { ForbiddenError, InvalidError } from '../errors/errors.ts';
import { ipBytes, ipText, parseCidr } from '../kernel/netlink/ip.ts';
import {
  addressAt,
  broadcastOf,
  familyOf,
  isWithin,
  rangeOf,
  subnetOf,
  subnetsOverlap,
  toNumber,
} from './range.ts';
import type { Ipam } from './record.ts';
import { chooseSubnet, chooseSubnet6 } from './subnet.ts';

/** One entry of `IPAM.Config`; empty texts are as good as absent. */
export interface IpamRequest {
  subnet: string;
  ipRange: string;
  gateway: string;
  auxAddresses: Record<string, string>;
}

export interface IpamContext {
  enableIpv6: boolean;
  /** The network's id: an IPv6 subnet nobody chose is made of it. */
  id: string;
  /** Subnets of the other networks. */
  taken: readonly string[];
  /** Destinations of the host's routes of both families; default routes do not count. */
  routed: readonly string[];
}

/**
 * @throws InvalidError (400) for what makes no sense, ForbiddenError (403) with docker's words for a subnet
 *   that overlaps another network's, SystemError when no subnet is free
 */
export function settleIpam(
  requests: readonly IpamRequest[],
  context: IpamContext,
): { ipv4: Ipam; ipv6?: Ipam } {
  for (const request of requests) checkRequest(request);
  const [v4, ...more4] = requests.filter((request) => familyOf(request.subnet) === 4);
  const [v6, ...more6] = requests.filter((request) => familyOf(request.subnet) === 6);
  if (more4.length + more6.length > 0)
    throw invalid('a bridge network has one subnet of each family');
  if (v6 && !context.enableIpv6)
    throw invalid(`subnet ${v6.subnet} is of IPv6, which is not enabled for this network (--ipv6)`);
  const ipv4 = complete(v4, 4, context);
  return context.enableIpv6 ? { ipv4, ipv6: complete(v6, 6, context) } : { ipv4 };
}

function complete(request: IpamRequest | undefined, family: 4 | 6, context: IpamContext): Ipam {
  const taken = [...context.taken, ...context.routed];
  const free = () => (family === 4 ? chooseSubnet(taken) : chooseSubnet6(context.id, taken));
  // In the form in which the kernel's tools print them, whatever they were written like.
  const subnet = request?.subnet ? subnetOf(request.subnet) : free();
  if (context.taken.some((other) => subnetsOverlap(other, subnet)))
    throw new ForbiddenError(
      `invalid pool request: Pool overlaps with other one on this address space: ${subnet}`,
    );
  return {
    subnet,
    gateway: request?.gateway ? ipText(ipBytes(request.gateway)) : addressAt(subnet, 1),
    ...(request?.ipRange ? { ipRange: subnetOf(request.ipRange) } : {}),
    auxAddresses: request?.auxAddresses ?? {},
    isChosen: Boolean(request?.subnet),
  };
}

function checkRequest({ subnet, ipRange, gateway, auxAddresses }: IpamRequest): void {
  if (!subnet) {
    if (ipRange || gateway || Object.keys(auxAddresses).length > 0)
      throw invalid('an ip-range, a gateway or an auxiliary address needs a subnet');
    return;
  }
  checkSubnet('subnet', subnet);
  if (ipRange) {
    checkSubnet('ip-range', ipRange);
    if (!isWithin(ipRange, subnet))
      throw invalid(
        `invalid ip-range ${ipRange}: parent subnet ${subnet} doesn't contain ip-range`,
      );
  }
  if (gateway) checkAddress('gateway', gateway, subnet);
  for (const address of Object.values(auxAddresses))
    checkAddress('auxiliary address', address, subnet);
}

/** Two of its addresses are needed, the bridge's and a container's, beside those that mean the network itself. */
function checkSubnet(what: string, cidr: string): void {
  const wrong = (why: string) => invalid(`invalid ${what} ${JSON.stringify(cidr)}: ${why}`);
  const [address = '', prefix = ''] = cidr.split('/');
  if (isIP(address) === 0 || address.includes('%') || !/^\d{1,3}$/.test(prefix))
    throw wrong('invalid CIDR block notation');
  const longest = familyOf(address) === 6 ? 126 : 30;
  if (Number(prefix) > (familyOf(address) === 6 ? 128 : 32))
    throw wrong('invalid CIDR block notation');
  if (rangeOf(cidr)[0] !== toNumber(address)) throw wrong(`it should be ${subnetOf(cidr)}`);
  if (what === 'subnet' && (parseCidr(cidr).prefixLength > longest || Number(prefix) < 8))
    throw wrong(`the prefix must be from /8 to /${longest}: it holds the bridge and containers`);
}

function checkAddress(what: string, address: string, subnet: string): void {
  if (isIP(address) === 0 || address.includes('%'))
    throw invalid(`invalid ${what} ${JSON.stringify(address)}: invalid address`);
  if (!isWithin(address, subnet))
    throw invalid(
      `invalid ${what} ${address}: parent subnet ${subnet} doesn't contain this address`,
    );
  const isEdge = subnet.startsWith(`${address}/`) || broadcastOf(subnet) === address;
  if (familyOf(subnet) === 4 && isEdge)
    throw invalid(`invalid ${what} ${address}: it is the network's own or its broadcast address`);
}

function invalid(why: string): InvalidError {
  return new InvalidError(`invalid network config:\n${why}`);
}
