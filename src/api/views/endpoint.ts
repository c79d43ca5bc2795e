/** A container's place on its networks, as list and inspect show it. */
import type { ContainerRecord, Endpoint } from '../../container/record.ts';

/** The network a container is, or would be, on. */
export function networkName({ hostConfig }: ContainerRecord): string {
  const mode = hostConfig.NetworkMode;
  return mode === 'default' || mode === '' ? 'bridge' : mode;
}

/** `NetworkSettings.Networks`; a container that does not run has the name and nothing else. */
export function networksView(record: ContainerRecord): Record<string, object> {
  const name = networkName(record);
  const views = Object.entries(record.endpoints).map(
    ([key, one]) => [key, endpointView(one)] as const,
  );
  return views.length > 0 ? Object.fromEntries(views) : { [name]: endpointView(undefined) };
}

export function endpointView(endpoint: Endpoint | undefined): object {
  return {
    IPAMConfig: null,
    Links: null,
    Aliases: null,
    MacAddress: endpoint?.macAddress ?? '',
    DriverOpts: null,
    NetworkID: endpoint?.networkId ?? '',
    EndpointID: endpoint?.endpointId ?? '',
    Gateway: endpoint?.gateway ?? '',
    IPAddress: endpoint?.ipAddress ?? '',
    IPPrefixLen: endpoint?.prefixLength ?? 0,
    IPv6Gateway: '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    DNSNames: null,
  };
}
