/** IPv4 addresses of links: RTM_NEWADDR, RTM_DELADDR and RTM_GETADDR of rtnetlink(7). */
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

export interface AddressSettings {
  /** Name of the link. */
  dev: string;
  /** With the length of its prefix: `10.88.0.2/16`. */
  address: string;
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

/** All IPv4 addresses in the socket's namespace. */
export function getAddresses(fd: number): Address[] {
  const message = header(0, 0).finish(typeOf('RTM_GETADDR'), REQUEST_DUMP);
  return transact(fd, { name: 'RTM_GETADDR', message, on: ['all'] }).map(decodeAddress);
}

/** The bytes of `addAddress` and `deleteAddress`. */
export function encodeAddress(
  name: 'RTM_NEWADDR' | 'RTM_DELADDR',
  { dev, address: cidr, broadcast }: AddressSettings,
  index: number,
): Request {
  const { address, prefixLength } = parseCidr(cidr);
  const builder = header(prefixLength, index).attribute(n.IFA_LOCAL, ipv4Bytes(address));
  if (broadcast !== undefined) builder.attribute(n.IFA_BROADCAST, ipv4Bytes(broadcast));
  builder.attribute(n.IFA_ADDRESS, ipv4Bytes(address));
  const flags = name === 'RTM_NEWADDR' ? REQUEST_ACK | n.NLM_F_CREATE | n.NLM_F_EXCL : REQUEST_ACK;
  return { name, message: builder.finish(typeOf(name), flags), on: [dev, cidr] };
}

/** `struct ifaddrmsg`. */
function header(prefixLength: number, index: number): MessageBuilder {
  return new MessageBuilder().u8(n.AF_INET, prefixLength, 0, n.RT_SCOPE_UNIVERSE).u32(index);
}

function decodeAddress({ body }: Message): Address {
  const attributes = readAttributes(body.subarray(8));
  const bytes = attributes.get(n.IFA_LOCAL) ?? attributes.get(n.IFA_ADDRESS) ?? Buffer.alloc(4);
  return { index: body.readUInt32LE(4), address: `${ipv4Text(bytes)}/${body.readUInt8(1)}` };
}
