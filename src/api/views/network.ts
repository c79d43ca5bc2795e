/** A network as list and inspect show it. */
import type { Engine } from '../../container/engine.ts';
import type { Endpoints } from '../../container/network/endpoints.ts';
import { isAlive } from '../../container/state.ts';
import type { Network } from '../../network/network.ts';
import type { Ipam } from '../../network/record.ts';
import { ZERO_TIME } from '../../store/clock.ts';

/** @param members whether to name the running containers on it */
export function networkView(engine: Engine, network: Network, members: boolean): object {
  const record = network.driver === 'bridge' ? network.record : undefined;
  const ipams = [record?.ipv4, record?.ipv6].filter((ipam) => ipam !== undefined);
  return {
    Name: network.name,
    Id: network.id,
    Created: record?.createdAt ?? ZERO_TIME,
    Scope: 'local',
    Driver: network.driver,
    EnableIPv4: true,
    EnableIPv6: record?.ipv6 !== undefined,
    IPAM: {
      Driver: 'default',
      Options: record && !isDefault(network) ? {} : null,
      Config: ipams.map(ipamView),
    },
    Internal: record?.internal ?? false,
    Attachable: record?.attachable ?? false,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: members ? containersOn(engine, network.name) : {},
    Options: record?.options ?? {},
    Labels: record?.labels ?? {},
  };
}

function isDefault(network: Network): boolean {
  return network.driver === 'bridge' && network.isDefault;
}

function ipamView({ subnet, ipRange, gateway, auxAddresses }: Ipam): object {
  return {
    Subnet: subnet,
    ...(ipRange ? { IPRange: ipRange } : {}),
    Gateway: gateway,
    ...(Object.keys(auxAddresses).length > 0 ? { AuxiliaryAddresses: auxAddresses } : {}),
  };
}

function containersOn(engine: Engine, network: string): Record<string, object> {
  const on = engine.containers
    .all()
    .filter(({ record }) => isAlive(record.state) && record.endpoints[network]);
  return Object.fromEntries(
    on.map(({ id, name, record }) => [id, memberView(name, record.endpoints[network])]),
  );
}

function memberView(name: string, endpoint: Endpoints[string] | undefined): object {
  const cidr = (address?: string, length?: number) =>
    address === undefined ? '' : `${address}/${length}`;
  return {
    Name: name,
    EndpointID: endpoint?.endpointId ?? '',
    MacAddress: endpoint?.macAddress ?? '',
    IPv4Address: cidr(endpoint?.ipAddress, endpoint?.prefixLength),
    IPv6Address: cidr(endpoint?.ipv6Address, endpoint?.ipv6PrefixLength),
  };
}
