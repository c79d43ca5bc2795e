/** EndpointSettings of the API, as `POST /containers/create` and `POST /networks/{id}/connect` give them. */
import { z } from 'zod';
import type { EndpointSettings } from '../../network/endpoint.ts';
import { integer, orNull, text, textMap, texts } from './fields.ts';

const fields = z.object({
  IPAMConfig: orNull(z.object({ IPv4Address: text(), IPv6Address: text(), LinkLocalIPs: texts() })),
  Links: texts(),
  Aliases: texts(),
  MacAddress: text(),
  DriverOpts: textMap(),
  GwPriority: integer(),
});

export const endpointSettings = orNull(fields).transform((given): EndpointSettings => {
  const { IPv4Address = '', IPv6Address = '' } = given?.IPAMConfig ?? {};
  return {
    aliases: given?.Aliases ?? [],
    links: given?.Links ?? [],
    ...(IPv4Address ? { ipv4Address: IPv4Address } : {}),
    ...(IPv6Address ? { ipv6Address: IPv6Address } : {}),
    ...(given?.MacAddress ? { macAddress: given.MacAddress } : {}),
    ...(given?.DriverOpts ? { driverOpts: given.DriverOpts } : {}),
    ...(given?.GwPriority ? { gwPriority: given.GwPriority } : {}),
  };
});

/** NetworkingConfig of `POST /containers/create`: by the names or ids that were given. */
export const networkingConfig = orNull(
  z.object({ EndpointsConfig: orNull(z.record(z.string(), endpointSettings)) }),
).transform((value): Record<string, EndpointSettings> => value?.EndpointsConfig ?? {});
