/** IP addresses and subnets between their text and the bytes that netlink carries. Pure. */
import { isIPv6, SocketAddress } from 'node:net';
import { InvalidError } from '../../errors/errors.ts';

/** @throws InvalidError unless it is a dotted IPv4 address */
export function ipv4Bytes(address: string): Buffer {
  const parts = address.split('.');
  const valid = parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && +part < 256);
  if (!valid) throw new InvalidError(`invalid IPv4 address ${JSON.stringify(address)}`);
  return Buffer.from(parts.map(Number));
}

export function ipv4Text(bytes: Buffer): string {
  return bytes.join('.');
}

export function isV6(address: string): boolean {
  return address.includes(':');
}

/**
 * @returns 4 or 16 bytes
 * @throws InvalidError unless it is an address without a zone
 */
export function ipBytes(address: string): Buffer {
  return isV6(address) ? ipv6Bytes(address) : ipv4Bytes(address);
}

/** @param bytes 4 or 16; RFC 5952 says how the latter are written */
export function ipText(bytes: Buffer): string {
  if (bytes.length === 4) return ipv4Text(bytes);
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16));
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}

/**
 * `10.88.0.2/16` or `fd00::2/64` in its two parts.
 * @throws InvalidError for anything else
 */
export function parseCidr(text: string): { address: string; prefixLength: number } {
  const [address = '', prefix = '', ...more] = text.split('/');
  const bits = ipBytes(address).length * 8;
  if (!/^\d{1,3}$/.test(prefix) || +prefix > bits || more.length > 0)
    throw new InvalidError(`invalid CIDR address ${JSON.stringify(text)}: want ADDRESS/PREFIX`);
  return { address, prefixLength: +prefix };
}

function ipv6Bytes(address: string): Buffer {
  if (!isIPv6(address) || address.includes('%'))
    throw new InvalidError(`invalid IPv6 address ${JSON.stringify(address)}`);
  const [head = '', tail] = withoutDots(address).split('::');
  const [front, back] = [groupsOf(head), groupsOf(tail ?? '')];
  const zeros = new Array<number>(8 - front.length - back.length).fill(0);
  const bytes = Buffer.alloc(16);
  [...front, ...zeros, ...back].forEach((group, i) => {
    bytes.writeUInt16BE(group, 2 * i);
  });
  return bytes;
}

/** `::ffff:10.0.0.1` → `::ffff:a00:1`. */
function withoutDots(address: string): string {
  const dotted = /[0-9.]+\.[0-9.]+$/.exec(address)?.[0];
  if (dotted === undefined) return address;
  const bytes = ipv4Bytes(dotted);
  const groups = [bytes.readUInt16BE(0), bytes.readUInt16BE(2)].map((group) => group.toString(16));
  return `${address.slice(0, -dotted.length)}${groups.join(':')}`;
}

function groupsOf(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}
