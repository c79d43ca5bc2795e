/** A container's place on one network: what it asked for, and what it has while it runs. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { InvalidError } from '../errors/errors.ts';
import { parseCidr } from '../kernel/netlink/ip.ts';
import type { BridgeNetwork } from './network.ts';
import { macOfAddress } from './pool.ts';
import { familyOf, isWithin } from './range.ts';

/** What is asked for, kept in the container's record whether it runs or not. */
export interface EndpointSettings {
  /** Further names that others on the network know it by. */
  aliases: string[];
  /** `CONTAINER:ALIAS`: names that it alone knows others by. */
  links: string[];
  ipv4Address?: string | undefined;
  ipv6Address?: string | undefined;
  macAddress?: string | undefined;
  driverOpts?: Record<string, string> | undefined;
  /** Of several networks the one with the highest has the default route. */
  gwPriority?: number | undefined;
}

export interface Endpoint {
  networkId: string;
  endpointId: string;
  /** IPv4 in dotted form, and the length of its prefix. */
  ipAddress: string;
  prefixLength: number;
  gateway: string;
  macAddress: string;
  /** Host side of the veth pair, e.g. `veth1a2b3c4d`. */
  hostInterface: string;
  /** The other side, in the container: `eth0`. */
  interfaceName: string;
  ipv6Address?: string | undefined;
  ipv6PrefixLength?: number | undefined;
  ipv6Gateway?: string | undefined;
  /** What others on the network know it by; none on the default network. */
  dnsNames: string[];
}

export const noSettings: EndpointSettings = { aliases: [], links: [] };

export const endpointSchema: z.ZodType<Endpoint> = z.object({
  networkId: z.string(),
  endpointId: z.string(),
  ipAddress: z.ipv4(),
  prefixLength: z.number().int(),
  gateway: z.string(),
  macAddress: z.string(),
  hostInterface: z.string().regex(/^veth[0-9a-f]{8}$/),
  interfaceName: z
    .string()
    .regex(/^eth\d{1,4}$/)
    .default('eth0'),
  ipv6Address: z.ipv6().optional(),
  ipv6PrefixLength: z.number().int().optional(),
  ipv6Gateway: z.string().optional(),
  dnsNames: z.array(z.string()).default([]),
});

const texts = z.array(z.string());

export const endpointSettingsSchema: z.ZodType<EndpointSettings> = z.object({
  aliases: texts,
  links: texts,
  ipv4Address: z.ipv4().optional(),
  ipv6Address: z.ipv6().optional(),
  macAddress: z.string().optional(),
  driverOpts: z.record(z.string(), z.string()).optional(),
  gwPriority: z.number().optional(),
});

/**
 * Takes addresses for a container on a network. `network.release` gives them back.
 * @throws ForbiddenError with docker's words when an address that was asked for is another's, SystemError when
 *   none is left; then nothing is taken
 */
export function allocateEndpoint(
  network: BridgeNetwork,
  settings: EndpointSettings,
  place: { interfaceName: string; dnsNames: string[] },
): Endpoint {
  assertSettings(network, settings);
  const { ipv4, ipv6 } = network.record;
  const ipAddress = network.take(4, settings.ipv4Address);
  let ipv6Address: string | undefined;
  try {
    if (ipv6) ipv6Address = network.take(6, settings.ipv6Address);
  } catch (error) {
    network.pools.ipv4.release(ipAddress);
    throw error;
  }
  const endpoint: Endpoint = {
    networkId: network.id,
    endpointId: randomBytes(32).toString('hex'),
    ipAddress,
    prefixLength: parseCidr(ipv4.subnet).prefixLength,
    gateway: ipv4.gateway,
    macAddress: settings.macAddress || macOfAddress(ipAddress),
    hostInterface: `veth${randomBytes(4).toString('hex')}`,
    ...place,
    ...(ipv6 && ipv6Address
      ? {
          ipv6Address,
          ipv6PrefixLength: parseCidr(ipv6.subnet).prefixLength,
          ipv6Gateway: ipv6.gateway,
        }
      : {}),
  };
  network.endpoints.add(endpoint.endpointId);
  return endpoint;
}

/**
 * Whether the network can give what is asked for, by and large.
 * @throws InvalidError with docker's words
 */
export function assertSettings(network: BridgeNetwork, settings: EndpointSettings): void {
  const { ipv4, ipv6 } = network.record;
  const asked = [settings.ipv4Address, settings.ipv6Address].filter((one) => one !== undefined);
  const wrong = (why: string) =>
    new InvalidError(
      `invalid config for network ${network.name}: invalid endpoint settings:\n${why}`,
    );
  if (network.isDefault && asked.length > 0)
    throw wrong('user specified IP address is supported on user defined networks only');
  if (network.isDefault && settings.aliases.length > 0)
    throw wrong('network-scoped aliases are only supported for user-defined networks');
  for (const address of asked) {
    const ipam = familyOf(address) === 4 ? ipv4 : ipv6;
    if (ipam && !ipam.isChosen)
      throw wrong(
        'user specified IP address is supported only when connecting to networks with user configured subnets',
      );
    if (!ipam || !isWithin(address, ipam.subnet))
      throw wrong(`no configured subnet contains IP address ${address}`);
  }
}
