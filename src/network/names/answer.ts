/**
 * What is answered to a container: names and addresses of its networks from the tables; everything else
 * is somebody else's to know, and asked of nobody when all its networks are internal. Pure but for the turns of
 * names with several addresses.
 */
import type { Answer } from 'dns-packet';
import { type Query, RCODE, reply } from './message.ts';
import { addressOfReverseName } from './reverse.ts';
import type { Family, Names } from './table.ts';

/** A network of whoever asks; the first one that knows a name answers. */
export interface SeenNetwork {
  id: string;
  name: string;
  /** Nothing leads out of it. */
  internal: boolean;
  /** Names by which whoever asks, and nobody else, knows others there: `--link`. In lower case. */
  links?: ReadonlyMap<string, string>;
}

/** Docker's. */
const TTL_SECONDS = 600;

const families: Readonly<Record<string, Family>> = { A: 'ipv4', AAAA: 'ipv6' };

/**
 * @param networks of the container that asks
 * @returns the reply, or `forward` when servers elsewhere are to be asked
 */
export function answer(
  names: Names,
  networks: readonly SeenNetwork[],
  query: Query,
): Buffer | 'forward' {
  const own = query.type === 'PTR' ? reverse(names, networks, query) : undefined;
  if (own) return own;
  const addresses = resolve(names, networks, query);
  if (addresses) return reply(query, RCODE.NOERROR, addressRecords(query, addresses));
  // Docker's answer to what may not be asked; NXDOMAIN would say that the name is nowhere.
  if (networks.every(({ internal }) => internal)) return reply(query, RCODE.SERVFAIL);
  return 'forward';
}

/** A name that is ours has no records but addresses: that is an answer too, and nobody else is asked. */
function resolve(
  names: Names,
  networks: readonly SeenNetwork[],
  { name, type }: Query,
): string[] | undefined {
  const family = families[type];
  for (const [network, bare] of readings(networks, name)) {
    const linked = network.links?.get(bare) ?? bare;
    const found = names.addresses(network.id, linked, family ?? 'ipv4');
    if (found) return family ? found : [];
  }
  return undefined;
}

/** `web.front` may be a name on any network, or `web` on the network `front`. */
function readings(networks: readonly SeenNetwork[], name: string): [SeenNetwork, string][] {
  const lower = name.toLowerCase();
  const qualified = networks.filter((network) => lower.endsWith(`.${network.name.toLowerCase()}`));
  return [
    ...networks.map((network): [SeenNetwork, string] => [network, lower]),
    ...qualified.map((network): [SeenNetwork, string] => [
      network,
      lower.slice(0, -network.name.length - 1),
    ]),
  ];
}

function addressRecords({ name, type }: Query, addresses: readonly string[]): Answer[] {
  return addresses.map((data) => ({ name, type, ttl: TTL_SECONDS, class: 'IN', data }) as Answer);
}

/** The name is followed by its network's, as docker has it. */
function reverse(names: Names, networks: readonly SeenNetwork[], query: Query): Buffer | undefined {
  const address = addressOfReverseName(query.name);
  if (address === undefined) return undefined;
  for (const network of networks) {
    const found = names.nameAt(network.id, address);
    if (found === undefined) continue;
    const data = `${found}.${network.name}`;
    const isSayable = data.length <= 253 && data.split('.').every(({ length }) => length <= 63);
    const record: Answer = { name: query.name, type: 'PTR', ttl: TTL_SECONDS, class: 'IN', data };
    return reply(query, RCODE.NOERROR, isSayable ? [record] : []);
  }
  return undefined;
}
