/** Addresses as names: `2.0.88.10.in-addr.arpa` is 10.88.0.2. RFC 1035 3.5, RFC 3596 2.5. */
import { isIP } from 'node:net';

/** @returns undefined for a name that is no whole address */
export function addressOfReverseName(name: string): string | undefined {
  const labels = name.toLowerCase().split('.');
  const [zone, arpa] = labels.splice(-2);
  if (arpa !== 'arpa') return undefined;
  if (zone === 'in-addr') return checked(labels.toReversed().join('.'));
  if (zone !== 'ip6' || labels.length !== 32 || labels.some((digit) => !/^[0-9a-f]$/.test(digit)))
    return undefined;
  return checked(
    labels
      .toReversed()
      .join('')
      .replace(/(.{4})(?=.)/g, '$1:'),
  );
}

function checked(address: string): string | undefined {
  return isIP(address) === 0 ? undefined : address;
}
