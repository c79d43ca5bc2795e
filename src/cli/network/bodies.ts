/** Flags of `network create` and `network connect` → the bodies of their calls. Pure. */
import type { EndpointBody, NetworkBody } from '../../api/client/types.ts';
import type { Flags } from '../flags.ts';
import { joinLabels } from '../run/values.ts';
import { ipamConfig } from './ipam.ts';

/** @throws Error with docker's words */
export function networkBody(name: string, flags: Flags): NetworkBody {
  const from = flags.text('config-from');
  return {
    Name: name,
    Driver: flags.text('driver') ?? 'bridge',
    Scope: flags.text('scope') ?? '',
    ...(flags.has('ipv4') && { EnableIPv4: flags.switch('ipv4') }),
    ...(flags.has('ipv6') && { EnableIPv6: flags.switch('ipv6') }),
    IPAM: {
      Driver: flags.text('ipam-driver') ?? 'default',
      Options: mapOf(flags, 'ipam-opt'),
      Config: ipamConfig({
        subnets: flags.list('subnet'),
        ranges: flags.list('ip-range'),
        gateways: flags.list('gateway'),
        auxiliary: mapOf(flags, 'aux-address'),
      }),
    },
    Internal: flags.switch('internal'),
    Attachable: flags.switch('attachable'),
    Ingress: flags.switch('ingress'),
    ConfigOnly: flags.switch('config-only'),
    ...(from && { ConfigFrom: { Network: from } }),
    Options: mapOf(flags, 'opt'),
    Labels: joinLabels([], flags.list('label')),
  };
}

/** @throws Error with docker's words */
export function endpointBody(flags: Flags): EndpointBody {
  const [ip, ip6] = [flags.text('ip'), flags.text('ip6')];
  const [links, aliases] = [flags.list('link'), flags.list('alias')];
  const linkLocal = flags.list('link-local-ip');
  return {
    IPAMConfig: {
      ...(ip && { IPv4Address: ip }),
      ...(ip6 && { IPv6Address: ip6 }),
      ...(linkLocal.length > 0 && { LinkLocalIPs: linkLocal }),
    },
    ...(links.length > 0 && { Links: links }),
    ...(aliases.length > 0 && { Aliases: aliases }),
    DriverOpts: Object.fromEntries(flags.list('driver-opt').map(driverOption)),
    GwPriority: flags.number('gw-priority') ?? 0,
  };
}

function mapOf(flags: Flags, name: string): Record<string, string> {
  return Object.fromEntries(flags.list<[string, string]>(name));
}

function driverOption(text: string): [string, string] {
  const at = text.indexOf('=');
  const key = text.slice(0, Math.max(0, at)).trim();
  if (key === '') throw new Error('invalid key/value pair format in driver options');
  return [key, text.slice(at + 1).trim()];
}
