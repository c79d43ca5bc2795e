/** IPv4 routes of the main table: RTM_NEWROUTE and RTM_GETROUTE of rtnetlink(7). */
import { linkIndex } from './link.ts';
import {
  ipv4Bytes,
  ipv4Text,
  type Message,
  MessageBuilder,
  parseCidr,
  readAttributes,
} from './message.ts';
import * as n from './numbers.ts';
import { REQUEST_ACK, REQUEST_DUMP, type Request, transact, typeOf } from './socket.ts';

export interface RouteSettings {
  /** `default` or `10.1.0.0/16`. */
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
  const index = settings.dev === undefined ? undefined : linkIndex(fd, settings.dev);
  transact(fd, encodeRoute(settings, index));
}

/** All IPv4 routes in the socket's namespace, those of the kernel's local table included. */
export function getRoutes(fd: number): Route[] {
  const message = header(0, n.RT_SCOPE_UNIVERSE, 0).finish(typeOf('RTM_GETROUTE'), REQUEST_DUMP);
  return transact(fd, { name: 'RTM_GETROUTE', message, on: ['all'] }).map(decodeRoute);
}

/** The bytes of `addRoute`. */
export function encodeRoute({ to, via }: RouteSettings, index?: number): Request {
  const target = to === 'default' ? { address: '0.0.0.0', prefixLength: 0 } : parseCidr(to);
  const scope = via === undefined ? n.RT_SCOPE_LINK : n.RT_SCOPE_UNIVERSE;
  const builder = header(target.prefixLength, scope, n.RTN_UNICAST);
  if (target.prefixLength > 0) builder.attribute(n.RTA_DST, ipv4Bytes(target.address));
  if (via !== undefined) builder.attribute(n.RTA_GATEWAY, ipv4Bytes(via));
  if (index !== undefined) builder.attributeU32(n.RTA_OIF, index);
  const flags = REQUEST_ACK | n.NLM_F_CREATE | n.NLM_F_EXCL;
  const message = builder.finish(typeOf('RTM_NEWROUTE'), flags);
  return { name: 'RTM_NEWROUTE', message, on: [to, ...(via === undefined ? [] : [via])] };
}

/** `struct rtmsg`. A dump (type 0) must not name table or protocol: they would filter. */
function header(prefixLength: number, scope: number, type: number): MessageBuilder {
  const [table, protocol] = type === 0 ? [0, 0] : [n.RT_TABLE_MAIN, n.RTPROT_BOOT];
  return new MessageBuilder()
    .u8(n.AF_INET, prefixLength, 0, 0, table, protocol, scope, type)
    .u32(0);
}

function decodeRoute({ body }: Message): Route {
  const attributes = readAttributes(body.subarray(12));
  const target = attributes.get(n.RTA_DST);
  const via = attributes.get(n.RTA_GATEWAY);
  return {
    to: `${target ? ipv4Text(target) : '0.0.0.0'}/${body.readUInt8(1)}`,
    via: via && ipv4Text(via),
    index: attributes.get(n.RTA_OIF)?.readUInt32LE(0),
    table: attributes.get(n.RTA_TABLE)?.readUInt32LE(0) ?? body.readUInt8(4),
    metric: attributes.get(n.RTA_PRIORITY)?.readUInt32LE(0) ?? 0,
  };
}
