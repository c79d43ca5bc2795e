/** `POST /networks/create`: what is asked for, checked and completed, becomes a record and a bridge. */
import { randomBytes } from 'node:crypto';
import {
  ConflictError,
  ForbiddenError,
  InvalidError,
  NotBuiltError,
  NotFoundError,
} from '../errors/errors.ts';
import { now } from '../store/clock.ts';
import { findLink } from './bridge.ts';
import { type IpamRequest, settleIpam } from './ipam.ts';
import { type BridgeNetwork, builtIn } from './network.ts';
import type { Networks } from './networks.ts';
import { bridgeOptions } from './options.ts';

export interface NetworkRequest {
  name: string;
  /** Empty means `bridge`. */
  driver: string;
  internal: boolean;
  attachable: boolean;
  enableIpv6: boolean;
  ipam: readonly IpamRequest[];
  options: Record<string, string>;
  labels: Record<string, string>;
}

/** Of docker's drivers those that Petri does not have. */
const UNBUILT_DRIVERS = ['overlay', 'macvlan', 'ipvlan', 'host', 'null', 'none'];

/**
 * Nothing of the network exists if this throws.
 * @throws InvalidError (400), ForbiddenError (403), NotFoundError for an unknown driver (404), ConflictError for a
 *   name that is taken (409), NotBuiltError (501), KernelError, SystemError
 */
export async function createNetwork(
  networks: Networks,
  request: NetworkRequest,
): Promise<BridgeNetwork> {
  assertName(networks, request.name);
  assertDriver(request.driver);
  const id = randomBytes(32).toString('hex');
  const { name: linkName } = bridgeOptions(request.options);
  const bridgeName = linkName ?? `br-${id.slice(0, 12)}`;
  if (linkName !== undefined && findLink(networks.host, linkName))
    throw new ConflictError(
      `cannot make the bridge ${linkName} of network ${request.name}: a link of this name exists on the host`,
    );
  const { internal, attachable, labels, options } = request;
  const addresses = settleIpam(request.ipam, {
    enableIpv6: request.enableIpv6,
    id,
    taken: networks.subnets(),
    routed: networks.host.routed(),
  });
  return await networks.add({
    schema: 1,
    id,
    name: request.name,
    createdAt: now(),
    driver: 'bridge',
    bridgeName,
    ...addresses,
    internal,
    attachable,
    labels,
    options,
  });
}

function assertName(networks: Networks, name: string): void {
  if (name === '' || ['default', 'bridge', ...builtIn.map((one) => one.name)].includes(name)) {
    if (name === '') throw new InvalidError('invalid network name: name is empty');
    throw new ForbiddenError(`operation is not permitted on predefined ${name} network`);
  }
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_. -]{0,254}$/.test(name) || name.endsWith(' '))
    throw new InvalidError(
      `invalid network name ${JSON.stringify(name)}: only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed, at most 255`,
    );
  if (networks.byName(name)) throw new ConflictError(`network with name ${name} already exists`);
}

function assertDriver(driver: string): void {
  if (driver === '' || driver === 'default' || driver === 'bridge') return;
  if (UNBUILT_DRIVERS.includes(driver))
    throw new NotBuiltError(`the network driver ${driver} is not built: use bridge`);
  throw new NotFoundError(
    `error looking up network driver ${JSON.stringify(driver)}: plugin not found; use bridge`,
  );
}
