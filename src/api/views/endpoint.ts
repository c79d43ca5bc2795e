/** A container's places on its networks, as list and inspect show them. */
import type { Engine } from '../../container/engine.ts';
import { networksOf, plainName } from '../../container/network/asked.ts';
import type { ContainerRecord } from '../../container/record.ts';
import { type Endpoint, type EndpointSettings, noSettings } from '../../network/endpoint.ts';

/** The network a container is, or would be, on: that of `--network`, or its mode. */
export function networkName({ hostConfig }: ContainerRecord): string {
  return plainName(hostConfig.NetworkMode);
}

/** `NetworkSettings.Networks`; a container that does not run has what was asked for and nothing else. */
export function networksView(engine: Engine, record: ContainerRecord): Record<string, object> {
  const asked = networksOf(record);
  const { NetworkMode } = record.hostConfig;
  const shown = ['host', 'none'].includes(NetworkMode) ? [NetworkMode] : Object.keys(asked);
  // Docker knows it from the first start on.
  const idOf = (name: string) =>
    record.state.status === 'created'
      ? ''
      : engine.networks.all().find((network) => network.name === name)?.id;
  return Object.fromEntries(
    shown.map((name) => [
      name,
      {
        ...endpointView(asked[name] ?? noSettings, record.endpoints[name]),
        NetworkID: record.endpoints[name]?.networkId ?? idOf(name) ?? '',
      },
    ]),
  );
}

function endpointView(settings: EndpointSettings, endpoint: Endpoint | undefined): object {
  const { aliases, links, driverOpts, gwPriority } = settings;
  return {
    IPAMConfig: ipamView(settings),
    Links: orNull(links),
    Aliases: orNull(aliases),
    MacAddress: endpoint?.macAddress ?? '',
    DriverOpts: driverOpts ?? null,
    GwPriority: gwPriority ?? 0,
    NetworkID: '',
    EndpointID: endpoint?.endpointId ?? '',
    Gateway: endpoint?.gateway ?? '',
    IPAddress: endpoint?.ipAddress ?? '',
    IPPrefixLen: endpoint?.prefixLength ?? 0,
    IPv6Gateway: endpoint?.ipv6Gateway ?? '',
    GlobalIPv6Address: endpoint?.ipv6Address ?? '',
    GlobalIPv6PrefixLen: endpoint?.ipv6PrefixLength ?? 0,
    DNSNames: orNull(endpoint?.dnsNames ?? []),
  };
}

/** As it was set: docker leaves out what was not. */
function ipamView({ ipv4Address, ipv6Address }: EndpointSettings): object | null {
  if (ipv4Address === undefined && ipv6Address === undefined) return null;
  return {
    ...(ipv4Address === undefined ? {} : { IPv4Address: ipv4Address }),
    ...(ipv6Address === undefined ? {} : { IPv6Address: ipv6Address }),
  };
}

function orNull(list: readonly string[]): readonly string[] | null {
  return list.length > 0 ? list : null;
}
