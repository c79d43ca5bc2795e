/** Chooses the default bridge's subnet: one that no route of the host covers. Pure. */
import { SystemError } from '../errors/errors.ts';
import { addressAt, subnetsOverlap } from './pool.ts';

/** Docker's own ranges first, then podman's, then sixteenths of 192.168. */
export const candidates: readonly string[] = [
  ...Array.from({ length: 15 }, (_, i) => `172.${17 + i}.0.0/16`),
  '10.88.0.0/16',
  ...Array.from({ length: 16 }, (_, i) => `192.168.${16 * i}.0/20`),
];

/**
 * @param routed destinations of the host's routes, `10.1.0.0/16`; default routes do not count
 * @returns the bridge's own address in the first free candidate, `172.17.0.1/16`
 */
export function chooseBridgeAddress(routed: readonly string[]): string {
  const taken = routed.filter((route) => !route.endsWith('/0'));
  const free = candidates.find((subnet) => !taken.some((route) => subnetsOverlap(subnet, route)));
  if (free === undefined)
    throw new SystemError(
      'no free subnet for the default bridge: the host has routes into all of ' +
        '172.17–31, 10.88 and 192.168; choose one with --bip',
    );
  return `${addressAt(free, 1)}/${free.split('/')[1]}`;
}
