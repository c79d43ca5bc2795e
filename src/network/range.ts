/** Subnets as ranges of numbers, for IPv4 and IPv6 alike. Pure. */
import { ipBytes, ipText, parseCidr } from '../kernel/netlink/ip.ts';

/** `10.88.0.1/16` → `10.88.0.0/16`. */
export function subnetOf(cidr: string): string {
  const { address, prefixLength } = parseCidr(cidr);
  return `${toAddress(rangeOf(cidr)[0], bitsOf(address))}/${prefixLength}`;
}

/** First and last address of a subnet as numbers. */
export function rangeOf(cidr: string): [first: bigint, last: bigint] {
  const { address, prefixLength } = parseCidr(cidr);
  const hostBits = BigInt(bitsOf(address) - prefixLength);
  const first = (toNumber(address) >> hostBits) << hostBits;
  return [first, first + (1n << hostBits) - 1n];
}

export function broadcastOf(cidr: string): string {
  return toAddress(rangeOf(cidr)[1], bitsOf(parseCidr(cidr).address));
}

/** The address `offset` after the subnet's first. */
export function addressAt(subnet: string, offset: number): string {
  return toAddress(rangeOf(subnet)[0] + BigInt(offset), bitsOf(parseCidr(subnet).address));
}

/** Two of different families never do. */
export function subnetsOverlap(a: string, b: string): boolean {
  if (familyOf(a) !== familyOf(b)) return false;
  const [firstA, lastA] = rangeOf(a);
  const [firstB, lastB] = rangeOf(b);
  return firstA <= lastB && firstB <= lastA;
}

/** @param inner an address, or a subnet all of whose addresses must be in `outer` */
export function isWithin(inner: string, outer: string): boolean {
  if (familyOf(inner) !== familyOf(outer)) return false;
  const [first, last] = inner.includes('/') ? rangeOf(inner) : [toNumber(inner), toNumber(inner)];
  const [outerFirst, outerLast] = rangeOf(outer);
  return first >= outerFirst && last <= outerLast;
}

/** Of an address or a subnet. */
export function familyOf(text: string): 4 | 6 {
  return text.includes(':') ? 6 : 4;
}

/** @returns 32 or 128 */
export function bitsOf(address: string): number {
  return familyOf(address) === 6 ? 128 : 32;
}

export function toNumber(address: string): bigint {
  return BigInt(`0x${ipBytes(address).toString('hex')}`);
}

export function toAddress(number: bigint, bits: number): string {
  return ipText(Buffer.from(number.toString(16).padStart(bits / 4, '0'), 'hex'));
}
