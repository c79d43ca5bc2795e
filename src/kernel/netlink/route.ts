/** Routes of the main table: RTM_NEWROUTE, RTM_DELROUTE and RTM_GETROUTE of rtnetlink(7). */
import { ipBytes, ipText, isV6, parseCidr } from './ip.ts';
import { linkIndex } from './link.ts';
import { type Message, MessageBuilder, readAttributes } from './message.ts';
import * as n from './numbers.ts';
import { REQUEST_ACK, REQUEST_DUMP, type Request, transact, typeOf } from './socket.ts';

export interface RouteSettings {
  /** `default` (of the gateway's family), `10.1.0.0/16`, `fd00::/64`. */
  to: string;
  /** The gateway's address. */
  via?: string;
  /** Name of the link; with a gateway the kernel finds it by itself. */
  dev?: string;
}

export interface Route {
  /** `0.0.0.0/0` is the default route. */
  to: string;
  via: string | undefined;
  /** Index of the link it leaves by. */
  index: number | undefined;
  table: number;
  metric: number;
}

/** @throws KernelError `RTM_NEWROUTE` */
export function addRoute(fd: number, settings: RouteSettings): void {
  transact(fd, encodeRoute(settings, indexOf(fd, settings)));
}

/** @throws KernelError `RTM_DELROUTE`, ESRCH when there is none such */
export function deleteRoute(fd: number, settings: RouteSettings): void {
  transact(fd, encodeRoute(settings, indexOf(fd, settings), 'RTM_DELROUTE'));
}

function indexOf(fd: number, { dev }: RouteSettings): number | undefined {
  return dev === undefined ? undefined : linkIndex(fd, dev);
}

/** All routes of a family in the socket's namespace, those of the kernel's local table included. */
export function getRoutes(fd: number, family: 4 | 6 = 4): Route[] {
  const { AF_INET, AF_INET6, RT_SCOPE_UNIVERSE } = n;
  const builder = header(family === 6 ? AF_INET6 : AF_INET, 0, RT_SCOPE_UNIVERSE, 0);
  const message = builder.finish(typeOf('RTM_GETROUTE'), REQUEST_DUMP);
  return transact(fd, { name: 'RTM_GETROUTE', message, on: ['all'] }).map(decodeRoute);
}

/** The bytes of `addRoute` and `deleteRoute`. */
export function encodeRoute(
  { to, via }: RouteSettings,
  index?: number,
  name: 'RTM_NEWROUTE' | 'RTM_DELROUTE' = 'RTM_NEWROUTE',
): Request {
  const v6 = isV6(via ?? to);
  const target = to === 'default' ? undefined : parseCidr(to);
  const scope = via === undefined ? n.RT_SCOPE_LINK : n.RT_SCOPE_UNIVERSE;
  const family = v6 ? n.AF_INET6 : n.AF_INET;
  const builder = header(family, target?.prefixLength ?? 0, scope, n.RTN_UNICAST);
  if (target) builder.attribute(n.RTA_DST, ipBytes(target.address));
  if (via !== undefined) builder.attribute(n.RTA_GATEWAY, ipBytes(via));
  if (index !== undefined) builder.attributeU32(n.RTA_OIF, index);
  const flags = name === 'RTM_NEWROUTE' ? REQUEST_ACK | n.NLM_F_CREATE | n.NLM_F_EXCL : REQUEST_ACK;
  const message = builder.finish(typeOf(name), flags);
  return { name, message, on: [to, ...(via === undefined ? [] : [via])] };
}

/** `struct rtmsg`. A dump (type 0) must not name table or protocol: they would filter. */
function header(family: number, prefixLength: number, scope: number, type: number): MessageBuilder {
  const [table, protocol] = type === 0 ? [0, 0] : [n.RT_TABLE_MAIN, n.RTPROT_BOOT];
  return new MessageBuilder().u8(family, prefixLength, 0, 0, table, protocol, scope, type).u32(0);
}

function decodeRoute({ body }: Message): Route {
  const attributes = readAttributes(body.subarray(12));
  const target = attributes.get(n.RTA_DST);
  const via = attributes.get(n.RTA_GATEWAY);
  const anywhere = body.readUInt8(0) === n.AF_INET6 ? '::' : '0.0.0.0';
  return {
    to: `${target ? ipText(target) : anywhere}/${body.readUInt8(1)}`,
    via: via && ipText(via),
    index: attributes.get(n.RTA_OIF)?.readUInt32LE(0),
    table: attributes.get(n.RTA_TABLE)?.readUInt32LE(0) ?? body.readUInt8(4),
    metric: attributes.get(n.RTA_PRIORITY)?.readUInt32LE(0) ?? 0,
  };
}
