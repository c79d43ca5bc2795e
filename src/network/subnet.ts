/** Chooses subnets for networks whose user chose none: ones that no other network and no route covers. Pure. */
import { SystemError } from '../errors/errors.ts';
import { addressAt, rangeOf, subnetsOverlap, toAddress } from './range.ts';

/** Docker's own ranges first, then podman's, then sixteenths of 192.168. */
export const candidates: readonly string[] = [
  ...Array.from({ length: 15 }, (_, i) => `172.${17 + i}.0.0/16`),
  '10.88.0.0/16',
  ...Array.from({ length: 16 }, (_, i) => `192.168.${16 * i}.0/20`),
];

/**
 * Beyond docker's: with thousands of networks each has room for 254 containers. The upper half of 10.0.0.0/8,
 * for sites mostly begin with the lower one.
 */
const SMALL_ONES = '10.128.0.0/9';
const SMALL_SIZE = 256n;

/**
 * @param taken subnets of other networks, and destinations of the host's routes, `10.1.0.0/16`; default routes do
 *   not count
 * @returns the first free candidate, `172.17.0.0/16`
 * @throws SystemError when there is none
 */
export function chooseSubnet(taken: readonly string[]): string {
  const others = taken.filter((route) => !route.endsWith('/0') && !route.includes(':'));
  const free = candidates.find((subnet) => !others.some((other) => subnetsOverlap(subnet, other)));
  const chosen = free ?? smallOne(others);
  if (chosen !== undefined) return chosen;
  throw new SystemError(
    'could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the ' +
      'network: the host has routes into all of 172.17–31, 10.88, 192.168 and 10.128/9; choose one ' +
      '(--subnet, for the default bridge --bip)',
  );
}

/** Goes from one taken range to the next, so that a large one is passed in one stride. */
function smallOne(taken: readonly string[]): string | undefined {
  const ranges = taken.map(rangeOf).sort(([a], [b]) => (a < b ? -1 : 1));
  const [first, last] = rangeOf(SMALL_ONES);
  let at = first;
  for (const [from, to] of ranges) {
    if (from >= at + SMALL_SIZE) break;
    if (to >= at) at = (to / SMALL_SIZE + 1n) * SMALL_SIZE;
  }
  return at < last ? `${toAddress(at, 32)}/24` : undefined;
}

/** @returns the default bridge's own address in the first free candidate, `172.17.0.1/16` */
export function chooseBridgeAddress(routed: readonly string[]): string {
  const subnet = chooseSubnet(routed);
  return `${addressAt(subnet, 1)}/${subnet.split('/')[1]}`;
}

/** A unique local subnet (RFC 4193) whose 56 random bits are the network's id's. */
export function chooseSubnet6(id: string, taken: readonly string[]): string {
  for (let at = 0; at + 14 <= id.length; at++) {
    const bits = id.slice(at, at + 14);
    const groups = [`fd${bits.slice(0, 2)}`, bits.slice(2, 6), bits.slice(6, 10), bits.slice(10)];
    const subnet = `${addressAt(`${groups.join(':')}::/64`, 0)}/64`;
    const others = taken.filter((route) => !route.endsWith('/0') && route.includes(':'));
    if (!others.some((other) => subnetsOverlap(other, subnet))) return subnet;
  }
  throw new SystemError('no free IPv6 subnet for the network: choose one (--subnet)');
}
