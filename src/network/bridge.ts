/**
 * The default network: a bridge on the host, the pool of its addresses, and the firewall's table for
 * it. Opening makes what is missing and corrects what is wrong, so that a restart changes nothing for
 * running containers. bridge(8), ip(7).
 */
import { createHash } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import type { Logger } from 'pino';
import { InvalidError } from '../errors/errors.ts';
import { close as closeFd, open } from '../kernel/files.ts';
import { addAddress, deleteAddress, getAddresses } from '../kernel/netlink/address.ts';
import {
  changeLink,
  createLink,
  deleteLink,
  getLink,
  getLinks,
  type Link,
} from '../kernel/netlink/link.ts';
import { parseCidr } from '../kernel/netlink/message.ts';
import { RT_TABLE_MAIN } from '../kernel/netlink/numbers.ts';
import { getRoutes } from '../kernel/netlink/route.ts';
import { NetlinkSocket } from '../kernel/netlink/socket.ts';
import { Firewall } from './firewall/firewall.ts';
import { tableName } from './firewall/table.ts';
import { AddressPool, broadcastOf, macOfAddress, subnetOf, subnetsOverlap } from './pool.ts';
import { chooseBridgeAddress } from './subnet.ts';

export interface BridgeOptions {
  /** The link's name, at most 15 bytes. */
  bridge: string;
  /** The bridge's own address, `10.88.0.1/16`; undefined: keep what it has, else choose a free subnet. */
  bip: string | undefined;
  log: Pick<Logger, 'info' | 'warn'>;
}

export interface BridgeNetwork {
  /** 64 hex digits, the same at every start. */
  id: string;
  name: 'bridge';
  bridgeName: string;
  /** `10.88.0.0/16` */
  subnet: string;
  /** The bridge's address, without prefix. */
  gateway: string;
  prefixLength: number;
  /** Bytes; that of the link the host's default route leaves by. */
  mtu: number;
  pool: AddressPool;
  /** In the host's namespace. */
  netlink: NetlinkSocket;
  /** What every container's steps begin with: `netns.home` and `netlink.host`. */
  slots: ReadonlyMap<string, number>;
  /** Closes descriptors; bridge and rules stay, for containers run on. */
  close(): void;
  /** Also removes the bridge and every rule. */
  closeAndRemove(): Promise<void>;
}

const DEFAULT_MTU = 1500;
/**
 * @throws InvalidError for a bad name or `bip`, KernelError or SystemError when the host refuses
 */
export async function openBridge({ bridge, bip, log }: BridgeOptions): Promise<BridgeNetwork> {
  if (bip !== undefined) checkBip(bip);
  const netlink = NetlinkSocket.open();
  const firewall = Firewall.open(tableName(bridge), () => [], log);
  try {
    const address = settleBridge(netlink.fd, bridge, bip);
    warnOfOverlap(netlink.fd, bridge, address, log);
    quietIpv6(bridge);
    writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
    const open = { internal: false, icc: true, masquerade: true };
    await firewall.addNetwork({ bridge, ipv4: subnetOf(address), ...open });
    await firewall.begin();
    const network = describe(netlink, bridge, address, firewall);
    log.info({ bridge, address }, 'network bridge is open');
    return network;
  } catch (error) {
    firewall.close();
    netlink.close();
    throw error;
  }
}

function describe(
  netlink: NetlinkSocket,
  bridge: string,
  cidr: string,
  firewall: Firewall,
): BridgeNetwork {
  const { address: gateway, prefixLength } = parseCidr(cidr);
  const home = open('/proc/self/ns/net', ['O_RDONLY', 'O_CLOEXEC']);
  const close = () => {
    firewall.close();
    netlink.close();
    closeFd(home);
  };
  return {
    id: createHash('sha256').update(`petri network ${bridge}`).digest('hex'),
    name: 'bridge',
    bridgeName: bridge,
    subnet: subnetOf(cidr),
    gateway,
    prefixLength,
    mtu: outsideMtu(netlink.fd),
    pool: new AddressPool(subnetOf(cidr), [gateway]),
    netlink,
    slots: new Map([
      ['netns.home', home],
      ['netlink.host', netlink.fd],
    ]),
    close,
    closeAndRemove() {
      const removed = firewall.remove();
      deleteLink(netlink.fd, bridge);
      close();
      return removed;
    },
  };
}

/** Makes the bridge be there, up, with one address. @returns its address with prefix */
function settleBridge(fd: number, bridge: string, bip: string | undefined): string {
  let link = findLink(fd, bridge);
  if (!link) {
    createLink(fd, { kind: 'bridge', name: bridge });
    link = findLink(fd, bridge) as Link;
  }
  if (link.kind !== 'bridge')
    throw new InvalidError(
      `${bridge} is a ${link.kind ?? 'link'} and not a bridge: give another name`,
    );
  const { index } = link;
  const present = getAddresses(fd)
    .filter((address) => address.index === index)
    .map(({ address }) => address);
  const wanted = bip ?? present[0] ?? chooseBridgeAddress(getRoutes(fd).map(({ to }) => to));
  for (const address of bip === undefined ? [] : present)
    if (address !== wanted) deleteAddress(fd, { dev: bridge, address });
  if (!present.includes(wanted))
    addAddress(fd, { dev: bridge, address: wanted, broadcast: broadcastOf(wanted) });
  // Both said outright, or the bridge takes the lowest of its ports' and changes as containers come and go.
  const address = macOfAddress(parseCidr(wanted).address);
  changeLink(fd, { name: bridge, address, mtu: outsideMtu(fd), up: true });
  return wanted;
}

function findLink(fd: number, name: string): Link | undefined {
  return getLinks(fd).find((link) => link.name === name);
}

/** MTU of the link that the default route of the lowest metric leaves by. */
function outsideMtu(fd: number): number {
  const [route] = getRoutes(fd)
    .filter(({ to, index }) => to === '0.0.0.0/0' && index !== undefined)
    .sort((a, b) => a.metric - b.metric);
  return getLinks(fd).find(({ index }) => index === route?.index)?.mtu ?? DEFAULT_MTU;
}

/** With `--bip` the subnet is the user's choice, but then one of the two links is not reached. */
function warnOfOverlap(fd: number, bridge: string, cidr: string, log: BridgeOptions['log']): void {
  const own = getLink(fd, bridge).index;
  const other = getRoutes(fd).find(
    ({ to, index, table }) =>
      table === RT_TABLE_MAIN && index !== own && !to.endsWith('/0') && subnetsOverlap(to, cidr),
  );
  if (other)
    log.warn(
      { bridge, subnet: subnetOf(cidr), route: other.to },
      'the bridge’s subnet overlaps a route of the host by another link: choose another with --bip',
    );
}

/** A network without IPv6 believes no router advertisement and has no address of that kind. */
function quietIpv6(bridge: string): void {
  const folder = `/proc/sys/net/ipv6/conf/${bridge}`;
  if (!existsSync(folder)) return;
  writeFileSync(`${folder}/accept_ra`, '0');
  writeFileSync(`${folder}/disable_ipv6`, '1');
}

function checkBip(bip: string): void {
  const { address, prefixLength } = parseCidr(bip);
  if (prefixLength < 8 || prefixLength > 30)
    throw new InvalidError(`invalid --bip ${bip}: the prefix must be from /8 to /30`);
  if (subnetOf(bip).startsWith(`${address}/`) || broadcastOf(bip) === address)
    throw new InvalidError(
      `invalid --bip ${bip}: want an address of the subnet, such as its first`,
    );
}
