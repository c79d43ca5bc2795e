/** The network called `bridge`: no record is kept of it, for the supervisor's options and the link itself say all. */

import { parseCidr } from '../kernel/netlink/ip.ts';
import { now } from '../store/clock.ts';
import { defaultBridgeAddress } from './bridge.ts';
import type { HostNetwork } from './host.ts';
import { BridgeNetwork, idOf } from './network.ts';
import { MTU } from './options.ts';
import { subnetOf } from './range.ts';

/**
 * @param taken subnets of the other networks
 * @throws InvalidError for a bad `bip`, SystemError when no subnet is free
 */
export function defaultNetwork(
  host: HostNetwork,
  { bridge, bip }: { bridge: string; bip: string | undefined },
  taken: readonly string[],
): BridgeNetwork {
  const address = defaultBridgeAddress(host, bridge, bip, taken);
  return defaultNetworkAt(bridge, address, host.outsideMtu());
}

/**
 * @param address of the bridge, with prefix
 * @param mtu bytes
 */
export function defaultNetworkAt(bridge: string, address: string, mtu: number): BridgeNetwork {
  const record = {
    schema: 1 as const,
    id: idOf(bridge),
    name: 'bridge',
    createdAt: now(),
    driver: 'bridge' as const,
    bridgeName: bridge,
    ipv4: {
      subnet: subnetOf(address),
      gateway: parseCidr(address).address,
      auxAddresses: {},
      isChosen: false,
    },
    internal: false,
    attachable: false,
    labels: {},
    options: {
      'com.docker.network.bridge.default_bridge': 'true',
      'com.docker.network.bridge.enable_icc': 'true',
      'com.docker.network.bridge.enable_ip_masquerade': 'true',
      'com.docker.network.bridge.host_binding_ipv4': '0.0.0.0',
      'com.docker.network.bridge.name': bridge,
      [MTU]: String(mtu),
    },
  };
  return new BridgeNetwork(record, mtu, true);
}
