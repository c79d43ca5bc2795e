/**
 * Who is called what on which network: filled from the live endpoints, kept nowhere else. Several endpoints
 * may have one name; then it has all their addresses, and each who asks gets them in another order.
 */
import { SocketAddress } from 'node:net';

/** An endpoint and what it is called there. */
export interface NamedEndpoint {
  endpointId: string;
  /** The container's name first: it is what its address is called. Then aliases and its short id. */
  names: readonly string[];
  ipv4?: string | undefined;
  ipv6?: string | undefined;
}

export type Family = 'ipv4' | 'ipv6';

export class Names {
  private readonly networks = new Map<string, NetworkNames>();

  /** An endpoint that is there already takes the new names and addresses instead of its old ones. */
  add(networkId: string, endpoint: NamedEndpoint): void {
    const network = this.networks.get(networkId) ?? new NetworkNames();
    this.networks.set(networkId, network);
    network.remove(endpoint.endpointId);
    network.add(endpoint);
  }

  /** Does nothing if there is no such endpoint. */
  remove(networkId: string, endpointId: string): void {
    const network = this.networks.get(networkId);
    network?.remove(endpointId);
    if (network?.isEmpty) this.networks.delete(networkId);
  }

  /**
   * @param name in any case, without a trailing dot
   * @returns undefined when nobody has this name; empty when whoever has it has no address of this family
   */
  addresses(networkId: string, name: string, family: Family): string[] | undefined {
    return this.networks.get(networkId)?.addresses(name.toLowerCase(), family);
  }

  /** The container's name behind an address. */
  nameAt(networkId: string, address: string): string | undefined {
    return this.networks.get(networkId)?.byAddress.get(canonical(address))?.names[0];
  }
}

/** The names of one network. */
class NetworkNames {
  readonly byAddress = new Map<string, NamedEndpoint>();
  private readonly endpoints = new Map<string, NamedEndpoint>();
  private readonly byName = new Map<string, Bearers>();

  get isEmpty(): boolean {
    return this.endpoints.size === 0;
  }

  add(endpoint: NamedEndpoint): void {
    this.endpoints.set(endpoint.endpointId, endpoint);
    for (const name of distinctNames(endpoint)) {
      const bearers = this.byName.get(name) ?? new Bearers();
      bearers.endpoints.add(endpoint);
      this.byName.set(name, bearers);
    }
    for (const address of addressesOf(endpoint)) this.byAddress.set(address, endpoint);
  }

  remove(endpointId: string): void {
    const endpoint = this.endpoints.get(endpointId);
    if (!endpoint) return;
    this.endpoints.delete(endpointId);
    for (const name of distinctNames(endpoint)) {
      const bearers = this.byName.get(name);
      bearers?.endpoints.delete(endpoint);
      if (bearers?.endpoints.size === 0) this.byName.delete(name);
    }
    for (const address of addressesOf(endpoint))
      if (this.byAddress.get(address) === endpoint) this.byAddress.delete(address);
  }

  addresses(name: string, family: Family): string[] | undefined {
    return this.byName.get(name)?.next(family);
  }
}

/** All endpoints that have one name. */
class Bearers {
  readonly endpoints = new Set<NamedEndpoint>();
  /** A turn for each family: who asks for both at once would else always get the same ones first. */
  private readonly turns = { ipv4: 0, ipv6: 0 };

  next(family: Family): string[] {
    const addresses = [...this.endpoints].flatMap((endpoint) => endpoint[family] ?? []);
    const first = this.turns[family]++ % Math.max(1, addresses.length);
    return [...addresses.slice(first), ...addresses.slice(0, first)];
  }
}

function distinctNames({ names }: NamedEndpoint): Set<string> {
  return new Set(names.map((name) => name.toLowerCase()));
}

function addressesOf({ ipv4, ipv6 }: NamedEndpoint): string[] {
  return [ipv4, ipv6].flatMap((address) => (address ? [canonical(address)] : []));
}

/** IPv6 has many spellings of one address. */
function canonical(address: string): string {
  if (!address.includes(':')) return address;
  return new SocketAddress({ address, family: 'ipv6' }).address;
}
