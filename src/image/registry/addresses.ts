/** Addresses with a meaning: this machine's own, and those of the link, where clouds keep their secrets. */
import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { ForbiddenError } from '../../errors/errors.ts';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

const linkLocal = new BlockList();
linkLocal.addSubnet('169.254.0.0', 16);
linkLocal.addSubnet('fe80::', 10, 'ipv6');
linkLocal.addAddress('fd00:ec2::254', 'ipv6');

/** @param hostname of a URL, brackets and all: an address of this machine, or its name `localhost` */
export function isLoopback(hostname: string): boolean {
  return hostname.toLowerCase() === 'localhost' || isIn(loopback, hostname);
}

/**
 * A registry, or whoever answers for it, could otherwise make the engine ask a cloud's metadata service (169.254.169.254).
 * @throws ForbiddenError
 */
export function assertNotLinkLocal(hostname: string): void {
  if (isIn(linkLocal, hostname))
    throw new ForbiddenError(`refusing to connect to the link-local address ${hostname}`);
}

/** As dns.lookup, for connections; a name that leads to a link-local address is refused. */
export const guardedLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, options as LookupOptions, (error, found, family) => {
    try {
      if (!error) for (const address of addressesOf(found)) assertNotLinkLocal(address);
      callback(error, found, family);
    } catch (refusal) {
      callback(refusal as NodeJS.ErrnoException, '', 0);
    }
  });
};

export function isIn(list: BlockList, hostname: string): boolean {
  const address = hostname.replace(/^\[|\]$/g, '');
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

function addressesOf(found: string | LookupAddress[]): string[] {
  return typeof found === 'string' ? [found] : found.map(({ address }) => address);
}
