/**
 * Networks as the engine knows them while it runs: those of the driver `bridge` with their addresses,
 * and the two that are always there and are no networks of ours, `host` and `none`.
 */
import { createHash } from 'node:crypto';
import { ForbiddenError } from '../errors/errors.ts';
import { parseCidr } from '../kernel/netlink/ip.ts';
import type { Endpoint } from './endpoint.ts';
import { AddressPool } from './pool.ts';
import type { Ipam, NetworkRecord } from './record.ts';

export class BridgeNetwork {
  readonly driver = 'bridge';
  readonly pools: { readonly ipv4: AddressPool; readonly ipv6: AddressPool | undefined };
  /** Ids of the endpoints that exist now. */
  readonly endpoints = new Set<string>();

  constructor(
    readonly record: NetworkRecord,
    /** Bytes. */
    readonly mtu: number,
    /** The one that is always there, whose containers have no names. */
    readonly isDefault = false,
  ) {
    const { name, ipv4, ipv6 } = record;
    this.pools = { ipv4: poolOf(ipv4, name), ipv6: ipv6 && poolOf(ipv6, name) };
  }

  get id(): string {
    return this.record.id;
  }
  get name(): string {
    return this.record.name;
  }
  get bridgeName(): string {
    return this.record.bridgeName;
  }
  /** The bridge's IPv4 address, without prefix. */
  get gateway(): string {
    return this.record.ipv4.gateway;
  }

  /**
   * @param wanted an address of the subnet; undefined: the next free one
   * @throws ForbiddenError when it is another's, SystemError when none is left
   */
  take(family: 4 | 6, wanted: string | undefined): string {
    const pool = family === 4 ? this.pools.ipv4 : (this.pools.ipv6 as AddressPool);
    if (wanted === undefined) return pool.allocate();
    if (!pool.reserve(wanted))
      throw new ForbiddenError(`Address already in use: ${wanted} on ${this.name}`);
    return wanted;
  }

  /** What a running container has, when the supervisor starts again. */
  restore({ endpointId, ipAddress, ipv6Address }: Endpoint): void {
    this.endpoints.add(endpointId);
    this.pools.ipv4.reserve(ipAddress);
    if (ipv6Address !== undefined) this.pools.ipv6?.reserve(ipv6Address);
  }

  /** Idempotent. */
  release({ endpointId, ipAddress, ipv6Address }: Endpoint): void {
    if (!this.endpoints.delete(endpointId)) return;
    this.pools.ipv4.release(ipAddress);
    if (ipv6Address !== undefined) this.pools.ipv6?.release(ipv6Address);
  }
}

/** Not a bridge: the host's own network, or none at all. */
export interface BuiltInNetwork {
  readonly driver: 'host' | 'null';
  readonly id: string;
  readonly name: 'host' | 'none';
}

export type Network = BridgeNetwork | BuiltInNetwork;

export const builtIn: readonly BuiltInNetwork[] = [
  { driver: 'host', id: idOf('host'), name: 'host' },
  { driver: 'null', id: idOf('none'), name: 'none' },
];

/** The same at every start. */
export function idOf(name: string): string {
  return createHash('sha256').update(`petri network ${name}`).digest('hex');
}

/** The bridge's own address with its prefix. */
export function bridgeAddress({ gateway, subnet }: Ipam): string {
  return `${gateway}/${parseCidr(subnet).prefixLength}`;
}

function poolOf({ subnet, ipRange, gateway, auxAddresses }: Ipam, name: string): AddressPool {
  return new AddressPool(subnet, {
    range: ipRange,
    reserved: [gateway, ...Object.values(auxAddresses)],
    name,
  });
}
