/** Bodies of `POST /networks/create`, `/networks/{id}/connect` and `/networks/{id}/disconnect`. */
import { z } from 'zod';
import { InvalidError, NotBuiltError } from '../../errors/errors.ts';
import type { NetworkRequest } from '../../network/create.ts';
import type { EndpointSettings } from '../../network/endpoint.ts';
import { check, flag, orNull, text, textMap } from './fields.ts';
import { endpointSettings } from './networking.ts';

const ipamConfig = z.object({
  Subnet: text(),
  IPRange: text(),
  Gateway: text(),
  AuxiliaryAddresses: textMap(),
  // Of API versions before 1.24, and of clients that kept the name.
  AuxAddress: textMap(),
});

const created = z.object({
  Name: text(),
  Driver: text(),
  Scope: text(),
  Internal: flag(),
  Attachable: flag(),
  Ingress: flag(),
  ConfigOnly: flag(),
  ConfigFrom: orNull(z.object({ Network: text() })),
  EnableIPv4: orNull(z.boolean()),
  EnableIPv6: orNull(z.boolean()),
  IPAM: orNull(
    z.object({ Driver: text(), Config: orNull(z.array(ipamConfig)), Options: textMap() }),
  ),
  Options: textMap(),
  Labels: textMap(),
});

/** @throws InvalidError naming the field, NotBuiltError naming docker's option */
export function networkRequest(value: unknown): NetworkRequest {
  const body = check(created, value ?? {}, 'the body');
  refuseUnbuilt(body);
  return {
    name: body.Name,
    driver: body.Driver,
    internal: body.Internal,
    attachable: body.Attachable,
    enableIpv6: body.EnableIPv6 ?? false,
    ipam: (body.IPAM?.Config ?? []).map((config) => ({
      subnet: config.Subnet,
      ipRange: config.IPRange,
      gateway: config.Gateway,
      auxAddresses: config.AuxiliaryAddresses ?? config.AuxAddress ?? {},
    })),
    options: body.Options ?? {},
    labels: body.Labels ?? {},
  };
}

function refuseUnbuilt(body: z.output<typeof created>): void {
  const driver = body.IPAM?.Driver ?? '';
  const unbuilt: [boolean, string][] = [
    [body.Ingress, '--ingress'],
    [body.ConfigOnly, '--config-only'],
    [Boolean(body.ConfigFrom?.Network), '--config-from'],
    [body.EnableIPv4 === false, '--ipv4=false'],
    [body.Scope !== '' && body.Scope !== 'local', '--scope'],
    [driver !== '' && driver !== 'default', '--ipam-driver'],
  ];
  const found = unbuilt.find(([isSet]) => isSet);
  if (found) throw new NotBuiltError(`${found[1]} is not built: create the network without it`);
}

const connected = z.object({ Container: text(), EndpointConfig: endpointSettings });
const disconnected = z.object({ Container: text(), Force: flag() });

/** @throws InvalidError naming the field */
export function connectRequest(value: unknown): { container: string; settings: EndpointSettings } {
  const body = check(connected, value ?? {}, 'the body');
  return { container: named(body.Container), settings: body.EndpointConfig };
}

/** @throws InvalidError naming the field */
export function disconnectRequest(value: unknown): { container: string; force: boolean } {
  const body = check(disconnected, value ?? {}, 'the body');
  return { container: named(body.Container), force: body.Force };
}

function named(container: string): string {
  if (container === '') throw new InvalidError('invalid value for Container: name a container');
  return container;
}
