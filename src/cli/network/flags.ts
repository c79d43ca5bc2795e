/** The flags of `network create` and `network connect`, docker's names and meanings. */
import { stringSlice } from '../csv.ts';
import { type FlagSpec, parseInteger } from '../flags.ts';
import { parseLink } from '../run/addresses.ts';
import { parseKeyValue, parseLabel } from '../run/values.ts';

/** Several in one: `--subnet 10.1.0.0/24,10.2.0.0/24`. */
function several(long: string, text: string): FlagSpec {
  return { long, value: 'strings', list: true, splits: true, parse: stringSlice, text };
}

function map(long: string, text: string, short?: string): FlagSpec {
  const name = short === undefined ? { long } : { long, short };
  return { ...name, value: 'map', list: true, parse: parseKeyValue, text };
}

export const createFlags: readonly FlagSpec[] = [
  { long: 'attachable', text: 'containers may be attached by hand (swarm)' },
  map('aux-address', 'an address that is not given out, name=address'),
  { long: 'config-from', value: 'string', text: 'network to take the configuration from (swarm)' },
  { long: 'config-only', text: 'a configuration and no network (swarm)' },
  { long: 'driver', short: 'd', value: 'string', text: 'driver (default "bridge")' },
  several('gateway', 'address of the bridge in its subnet'),
  { long: 'ingress', text: 'the routing mesh of a swarm' },
  { long: 'internal', text: 'no way to the outside' },
  several('ip-range', 'part of the subnet that addresses are given out from'),
  { long: 'ipam-driver', value: 'string', text: 'driver of addresses (default "default")' },
  map('ipam-opt', "the address driver's options, key=value"),
  { long: 'ipv4', text: 'IPv4 addresses (default true)' },
  { long: 'ipv6', text: 'IPv6 addresses' },
  {
    long: 'label',
    value: 'list',
    list: true,
    parse: parseLabel,
    text: 'label, key=value',
  },
  map('opt', "the driver's options, key=value", 'o'),
  { long: 'scope', value: 'string', text: 'scope of the network' },
  several('subnet', 'subnet, address/length'),
];

export const connectFlags: readonly FlagSpec[] = [
  several('alias', 'a further name on this network'),
  several('driver-opt', "the driver's options, key=value"),
  {
    long: 'gw-priority',
    value: 'int',
    parse: parseInteger,
    text: 'the network with the highest is the way out',
  },
  { long: 'ip', value: 'string', text: 'IPv4 address' },
  { long: 'ip6', value: 'string', text: 'IPv6 address' },
  { long: 'link', value: 'list', list: true, parse: parseLink, text: 'container[:alias]' },
  several('link-local-ip', 'a link-local address'),
];
