/**
 * Links: network interfaces, among them bridges and veth pairs. RTM_NEWLINK, RTM_DELLINK and
 * RTM_GETLINK of rtnetlink(7); veth(4).
 */
import { InvalidError } from '../../errors/errors.ts';
import {
  type Message,
  MessageBuilder,
  macBytes,
  macText,
  readAttributes,
  readString,
} from './message.ts';
import * as n from './numbers.ts';
import {
  REQUEST_ACK,
  REQUEST_DUMP,
  REQUEST_ONE,
  type Request,
  transact,
  typeOf,
} from './socket.ts';

interface LinkSettings {
  name: string;
  /** Hardware address, `02:42:0a:58:00:02`. */
  address?: string;
  mtu?: number;
  up?: boolean;
}

/** The other end of a veth pair. It is born down: it cannot come up before both ends are there (ENOTCONN). */
export interface Peer extends Omit<LinkSettings, 'up'> {
  /** Descriptor of the network namespace it is born in; the socket's own when absent. */
  netns?: number;
}

export interface NewLink extends LinkSettings {
  kind: 'bridge' | 'veth';
  /** Name of the bridge it becomes a port of. */
  master?: string;
  /** Of a veth only. */
  peer?: Peer;
}

export interface ChangeLink extends LinkSettings {
  kind?: undefined;
  master?: string;
  /** Of a bridge's port: frames may leave by the port they came in by. */
  hairpin?: boolean;
}

export interface Link {
  index: number;
  name: string;
  kind: string | undefined;
  mtu: number;
  up: boolean;
  /** A cable, so to speak, is plugged in. */
  carrier: boolean;
  address: string;
  /** Index of the bridge it is a port of. */
  master: number | undefined;
}

/**
 * Makes a link. Everything is in one message: for a veth the pair, both names and addresses, the port
 * of the bridge, the peer's namespace, and this end up.
 * @throws KernelError `RTM_NEWLINK`, EEXIST when the name is taken
 */
export function createLink(fd: number, link: NewLink): void {
  const master = link.master === undefined ? undefined : linkIndex(fd, link.master);
  transact(fd, encodeCreateLink(link, master));
}

/** Changes what is given of an existing link. */
export function changeLink(fd: number, link: ChangeLink): void {
  const master = link.master === undefined ? undefined : linkIndex(fd, link.master);
  transact(fd, encodeChangeLink(link, master));
}

/** Removes a link; of a veth pair both ends go. */
export function deleteLink(fd: number, name: string): void {
  transact(fd, byName('RTM_DELLINK', REQUEST_ACK, name));
}

/** @throws KernelError `RTM_GETLINK`, ENODEV when there is none of that name in the socket's namespace */
export function getLink(fd: number, name: string): Link {
  const [answer] = transact(fd, byName('RTM_GETLINK', REQUEST_ONE, name));
  if (!answer) throw new InvalidError(`the kernel told nothing of the link ${name}`);
  return decodeLink(answer);
}

export function getLinks(fd: number): Link[] {
  const builder = header(NO_CHANGE).attributeU32(n.IFLA_EXT_MASK, n.RTEXT_FILTER_SKIP_STATS);
  const message = builder.finish(typeOf('RTM_GETLINK'), REQUEST_DUMP);
  return transact(fd, { name: 'RTM_GETLINK', message, on: ['all'] }).map(decodeLink);
}

export function linkIndex(fd: number, name: string): number {
  return name === 'lo' ? 1 : getLink(fd, name).index;
}

/** The bytes of `createLink`. */
export function encodeCreateLink(link: NewLink, master?: number): Request {
  const builder = header(flagsOf(link));
  settings(builder, link, link.kind === 'veth');
  if (master !== undefined) builder.attributeU32(n.IFLA_MASTER, master);
  builder.nest(n.IFLA_LINKINFO, () => {
    builder.attribute(n.IFLA_INFO_KIND, Buffer.from(link.kind));
    if (link.peer) peerData(builder, link.peer);
  });
  const flags = REQUEST_ACK | n.NLM_F_CREATE | n.NLM_F_EXCL;
  const message = builder.finish(typeOf('RTM_NEWLINK'), flags);
  return { name: 'RTM_NEWLINK', message, on: [link.name, ...(link.peer ? [link.peer.name] : [])] };
}

/** The bytes of `changeLink`. With index 0 the kernel finds the link by its name. */
export function encodeChangeLink(link: ChangeLink, master?: number): Request {
  const builder = header(flagsOf(link));
  settings(builder, link);
  if (master !== undefined) builder.attributeU32(n.IFLA_MASTER, master);
  if (link.hairpin !== undefined) portData(builder, link.hairpin);
  const message = builder.finish(typeOf('RTM_NEWLINK'), REQUEST_ACK);
  const on = link.master === undefined ? [link.name] : [link.name, 'master', link.master];
  return { name: 'RTM_NEWLINK', message, on };
}

/** VETH_INFO_PEER holds the peer's own `struct ifinfomsg`, and attributes after it. */
function peerData(builder: MessageBuilder, peer: Peer): void {
  builder.nest(n.IFLA_INFO_DATA, () =>
    builder.nest(n.VETH_INFO_PEER, () => {
      interfaceInfo(builder, NO_CHANGE);
      settings(builder, peer, true);
      if (peer.netns !== undefined) builder.attributeU32(n.IFLA_NET_NS_FD, peer.netns);
    }),
  );
}

function portData(builder: MessageBuilder, hairpin: boolean): void {
  builder.nest(n.IFLA_LINKINFO, () => {
    builder.attribute(n.IFLA_INFO_SLAVE_KIND, Buffer.from('bridge'));
    builder.nest(n.IFLA_INFO_SLAVE_DATA, () => {
      builder.attribute(n.IFLA_BRPORT_MODE, Buffer.from([hairpin ? 1 : 0]));
    });
  });
}

/**
 * @param oneQueue instead of the default of one per CPU, each with its entries in sysfs; without XDP a
 *   veth uses one alone
 */
function settings(builder: MessageBuilder, link: LinkSettings, oneQueue = false): void {
  if (link.address !== undefined) builder.attribute(n.IFLA_ADDRESS, macBytes(link.address));
  if (link.mtu !== undefined) builder.attributeU32(n.IFLA_MTU, link.mtu);
  if (oneQueue) builder.attributeU32(n.IFLA_NUM_TX_QUEUES, 1).attributeU32(n.IFLA_NUM_RX_QUEUES, 1);
  builder.attributeString(n.IFLA_IFNAME, checkName(link.name));
}

function byName(name: 'RTM_GETLINK' | 'RTM_DELLINK', flags: number, link: string): Request {
  const builder = header(NO_CHANGE).attributeString(n.IFLA_IFNAME, checkName(link));
  if (name === 'RTM_GETLINK') builder.attributeU32(n.IFLA_EXT_MASK, n.RTEXT_FILTER_SKIP_STATS);
  return { name, message: builder.finish(typeOf(name), flags), on: [link] };
}

const NO_CHANGE = { flags: 0, change: 0 };

function flagsOf({ up }: LinkSettings): typeof NO_CHANGE {
  return up === undefined ? NO_CHANGE : { flags: up ? n.IFF_UP : 0, change: n.IFF_UP };
}

function header(flags: ReturnType<typeof flagsOf>): MessageBuilder {
  return interfaceInfo(new MessageBuilder(), flags);
}

/** `struct ifinfomsg`. */
function interfaceInfo(
  builder: MessageBuilder,
  { flags, change }: ReturnType<typeof flagsOf>,
): MessageBuilder {
  return builder.u8(n.AF_UNSPEC, 0).u16(0).u32(0, flags, change);
}

/** Names reach the kernel as bytes: what could be cut short or misread is refused here. */
function checkName(name: string): string {
  if (!/^[^\s/:\0]{1,15}$/.test(name) || name === '.' || name === '..')
    throw new InvalidError(`invalid interface name ${JSON.stringify(name)}: want 1 to 15 bytes`);
  return name;
}

function decodeLink({ body }: Message): Link {
  const attributes = readAttributes(body.subarray(16));
  const info = readAttributes(attributes.get(n.IFLA_LINKINFO) ?? Buffer.alloc(0));
  const flags = body.readUInt32LE(8);
  return {
    index: body.readInt32LE(4),
    name: readString(attributes.get(n.IFLA_IFNAME)) ?? '',
    kind: readString(info.get(n.IFLA_INFO_KIND)),
    mtu: attributes.get(n.IFLA_MTU)?.readUInt32LE(0) ?? 0,
    up: (flags & n.IFF_UP) !== 0,
    carrier: (flags & n.IFF_LOWER_UP) !== 0,
    address: macText(attributes.get(n.IFLA_ADDRESS) ?? Buffer.alloc(0)),
    master: attributes.get(n.IFLA_MASTER)?.readUInt32LE(0),
  };
}
