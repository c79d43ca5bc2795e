/**
 * A network's bridge on the host: a link with the network's own addresses. Settling makes what is missing
 * and corrects what is wrong, so that a restart changes nothing for running containers. bridge(8), ip(7).
 */
import { existsSync, writeFileSync } from 'node:fs';
import type { Logger } from 'pino';
import { InvalidError } from '../errors/errors.ts';
import { addAddress, deleteAddress } from '../kernel/netlink/address.ts';
import { parseCidr } from '../kernel/netlink/ip.ts';
import {
  changeLink,
  createLink,
  deleteLink,
  getLink,
  getLinks,
  type Link,
} from '../kernel/netlink/link.ts';
import { RT_TABLE_MAIN } from '../kernel/netlink/numbers.ts';
import { getRoutes } from '../kernel/netlink/route.ts';
import type { HostNetwork } from './host.ts';
import { macOfAddress } from './pool.ts';
import { broadcastOf, familyOf, subnetOf, subnetsOverlap } from './range.ts';
import { chooseBridgeAddress } from './subnet.ts';

export interface BridgeSettings {
  /** The link's name, at most 15 bytes. */
  name: string;
  /** Its own addresses with prefix, the IPv4 one first. */
  addresses: readonly [ipv4: string, ipv6?: string];
  /** Bytes. */
  mtu: number;
}

/** @throws InvalidError when the link is something else, KernelError when the host refuses */
export function settleBridge(host: HostNetwork, settings: BridgeSettings): void {
  const { name, mtu } = settings;
  const addresses = settings.addresses.filter((address) => address !== undefined);
  const { index } = findOrCreate(host, name);
  settleIpv6(name, addresses.length > 1);
  for (const family of [4, 6] as const)
    settleAddresses(
      host,
      { name, index, family },
      addresses.filter((address) => familyOf(address) === family),
    );
  // Both said outright, or the bridge takes the lowest of its ports' and changes as containers come and go.
  const address = macOfAddress(parseCidr(settings.addresses[0]).address);
  changeLink(host.netlink.fd, { name, address, mtu, up: true });
}

/** The bridge and all that is plugged into it; nothing when there is no such link. */
export function removeBridge(host: HostNetwork, name: string): void {
  if (findLink(host, name)) deleteLink(host.netlink.fd, name);
}

/**
 * The default bridge's own address: what it is told (`--bip`), else what it has, else the first of a free subnet.
 * @throws InvalidError for a `bip` that cannot be
 */
export function defaultBridgeAddress(
  host: HostNetwork,
  name: string,
  bip: string | undefined,
  taken: readonly string[],
): string {
  if (bip !== undefined) checkBip(bip);
  const link = findLink(host, name);
  const [present] = link ? host.addressesOf(link.index, 4) : [];
  return bip ?? present ?? chooseBridgeAddress([...host.routed(), ...taken]);
}

/** With a subnet of the user's choice one of two links that have it is not reached. */
export function warnOfOverlap(
  host: HostNetwork,
  name: string,
  cidr: string,
  log: Pick<Logger, 'warn'>,
): void {
  const { fd } = host.netlink;
  const own = getLink(fd, name).index;
  const other = getRoutes(fd, familyOf(cidr)).find(
    ({ to, index, table }) =>
      table === RT_TABLE_MAIN && index !== own && !to.endsWith('/0') && subnetsOverlap(to, cidr),
  );
  if (other)
    log.warn(
      { bridge: name, subnet: subnetOf(cidr), route: other.to },
      'the bridge’s subnet overlaps a route of the host by another link: choose another (--subnet, --bip)',
    );
}

export function findLink(host: HostNetwork, name: string): Link | undefined {
  return getLinks(host.netlink.fd).find((link) => link.name === name);
}

function findOrCreate(host: HostNetwork, name: string): Link {
  const present = findLink(host, name);
  if (present && present.kind !== 'bridge')
    throw new InvalidError(
      `${name} is a ${present.kind ?? 'link'} and not a bridge: give another name`,
    );
  if (present) return present;
  createLink(host.netlink.fd, { kind: 'bridge', name });
  return findLink(host, name) as Link;
}

function settleAddresses(
  host: HostNetwork,
  { name, index, family }: { name: string; index: number; family: 4 | 6 },
  wanted: readonly string[],
): void {
  const isOurs = (address: string) => family === 4 || !address.startsWith('fe80:');
  const present = host.addressesOf(index, family).filter(isOurs);
  for (const address of present)
    if (!wanted.includes(address)) deleteAddress(host.netlink.fd, { dev: name, address });
  for (const address of wanted) {
    const broadcast = family === 4 ? { broadcast: broadcastOf(address) } : {};
    if (!present.includes(address))
      addAddress(host.netlink.fd, { dev: name, address, ...broadcast });
  }
}

/** No bridge believes router advertisements; one without IPv6 has no address of that kind either. */
function settleIpv6(bridge: string, isEnabled: boolean): void {
  const folder = `/proc/sys/net/ipv6/conf/${bridge}`;
  if (!existsSync(folder)) return;
  writeFileSync(`${folder}/accept_ra`, '0');
  // Its own addresses are the engine's: while they were asked about, neighbours could not be found.
  writeFileSync(`${folder}/accept_dad`, '0');
  writeFileSync(`${folder}/disable_ipv6`, isEnabled ? '0' : '1');
}

function checkBip(bip: string): void {
  const { address, prefixLength } = parseCidr(bip);
  if (familyOf(address) !== 4 || prefixLength < 8 || prefixLength > 30)
    throw new InvalidError(`invalid --bip ${bip}: want IPv4 and a prefix from /8 to /30`);
  if (subnetOf(bip).startsWith(`${address}/`) || broadcastOf(bip) === address)
    throw new InvalidError(
      `invalid --bip ${bip}: want an address of the subnet, such as its first`,
    );
}
