/** NetworkingConfig of `POST /containers/create`: read only to refuse what is not built. */
import { z } from 'zod';
import { orNull, text, textMap, texts } from './fields.ts';

const endpoint = z.object({
  IPAMConfig: orNull(z.object({ IPv4Address: text(), IPv6Address: text(), LinkLocalIPs: texts() })),
  Links: texts(),
  Aliases: texts(),
  MacAddress: text(),
  DriverOpts: textMap(),
});

export interface NetworkingConfig {
  /** Names of networks other than the three that are always there. */
  userNetworks: string[];
  /** An address, alias, link or option was asked for. */
  hasSettings: boolean;
}

const builtIn = ['', 'default', 'bridge', 'host', 'none'];

export const networkingConfig = orNull(
  z.object({ EndpointsConfig: orNull(z.record(z.string(), orNull(endpoint))) }),
).transform((value): NetworkingConfig => {
  const endpoints = value?.EndpointsConfig ?? {};
  return {
    userNetworks: Object.keys(endpoints).filter((name) => !builtIn.includes(name)),
    hasSettings: Object.values(endpoints).some((one) => one !== null && hasSettings(one)),
  };
});

function hasSettings({ IPAMConfig, ...rest }: z.output<typeof endpoint>): boolean {
  const values = [...Object.values(IPAMConfig ?? {}), ...Object.values(rest)];
  return values.some((value) => value !== null && Object.keys(value).length > 0);
}
