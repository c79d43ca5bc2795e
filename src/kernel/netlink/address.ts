/** Addresses of links: RTM_NEWADDR, RTM_DELADDR and RTM_GETADDR of rtnetlink(7). */
import { ipBytes, ipText, ipv4Bytes, isV6, parseCidr } from './ip.ts';
import { linkIndex } from './link.ts';
import { type Message, MessageBuilder, readAttributes } from './message.ts';
import * as n from './numbers.ts';
import { REQUEST_ACK, REQUEST_DUMP, type Request, transact, typeOf } from './socket.ts';

export interface AddressSettings {
  /** Name of the link. */
  dev: string;
  /** With the length of its prefix: `10.88.0.2/16`, `fd00::2/64`. */
  address: string;
  /** Of IPv4. */
  broadcast?: string;
}

export interface Address {
  /** Index of the link. */
  index: number;
  /** `10.88.0.2/16`. */
  address: string;
}

/** @throws KernelError `RTM_NEWADDR`, EEXIST when the link has it */
export function addAddress(fd: number, settings: AddressSettings): void {
  transact(fd, encodeAddress('RTM_NEWADDR', settings, linkIndex(fd, settings.dev)));
}

export function deleteAddress(fd: number, settings: AddressSettings): void {
  transact(fd, encodeAddress('RTM_DELADDR', settings, linkIndex(fd, settings.dev)));
}

/** All addresses of a family in the socket's namespace. */
export function getAddresses(fd: number, family: 4 | 6 = 4): Address[] {
  const message = header(family === 6, 0, 0).finish(typeOf('RTM_GETADDR'), REQUEST_DUMP);
  return transact(fd, { name: 'RTM_GETADDR', message, on: ['all'] }).map(decodeAddress);
}

/** The bytes of `addAddress` and `deleteAddress`. */
export function encodeAddress(
  name: 'RTM_NEWADDR' | 'RTM_DELADDR',
  { dev, address: cidr, broadcast }: AddressSettings,
  index: number,
): Request {
  const { address, prefixLength } = parseCidr(cidr);
  const bytes = ipBytes(address);
  const builder = header(isV6(address), prefixLength, index).attribute(n.IFA_LOCAL, bytes);
  if (broadcast !== undefined) builder.attribute(n.IFA_BROADCAST, ipv4Bytes(broadcast));
  builder.attribute(n.IFA_ADDRESS, bytes);
  const flags = name === 'RTM_NEWADDR' ? REQUEST_ACK | n.NLM_F_CREATE | n.NLM_F_EXCL : REQUEST_ACK;
  return { name, message: builder.finish(typeOf(name), flags), on: [dev, cidr] };
}

/** `struct ifaddrmsg`. An IPv6 address is usable at once: the pool knows that nobody else has it. */
function header(v6: boolean, prefixLength: number, index: number): MessageBuilder {
  const family = v6 ? n.AF_INET6 : n.AF_INET;
  // A dump would take flags for a filter.
  const flags = v6 && index > 0 ? n.IFA_F_NODAD : 0;
  return new MessageBuilder().u8(family, prefixLength, flags, n.RT_SCOPE_UNIVERSE).u32(index);
}

function decodeAddress({ body }: Message): Address {
  const attributes = readAttributes(body.subarray(8));
  const bytes = attributes.get(n.IFA_LOCAL) ?? attributes.get(n.IFA_ADDRESS) ?? Buffer.alloc(4);
  return { index: body.readUInt32LE(4), address: `${ipText(bytes)}/${body.readUInt8(1)}` };
}
