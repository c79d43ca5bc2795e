/** Takes addresses for a container on all its networks when it starts, and gives them back at its end. */
import { NotFoundError } from '../../errors/errors.ts';
import { allocateEndpoint, type Endpoint } from '../../network/endpoint.ts';
import { type Attachment, endpointSteps } from '../../network/endpoint-steps.ts';
import { noneSteps } from '../../network/namespace-steps.ts';
import type { BridgeNetwork } from '../../network/network.ts';
import { bridgeOptions } from '../../network/options.ts';
import type { StepDraft } from '../../step/step.ts';
import type { Engine } from '../engine.ts';
import { joinedContainer } from '../option/modes.ts';
import type { ContainerRecord } from '../record.ts';
import { networksOf } from './asked.ts';
import { dnsNamesOf, nameSteps } from './names.ts';

/** By network name. */
export type Endpoints = Record<string, Endpoint>;

/**
 * @throws NotFoundError when a network is gone, ForbiddenError when an address is another's, SystemError when a
 *   network is full; then nothing is taken
 */
export function takeEndpoints(engine: Engine, record: ContainerRecord): Endpoints {
  const taken: Endpoints = {};
  try {
    for (const [name, settings] of Object.entries(networksOf(record))) {
      const network = networkFor(engine, name);
      const interfaceName = `eth${Object.keys(taken).length}`;
      const dnsNames = network.isDefault ? [] : dnsNamesOf(record, settings);
      taken[name] = allocateEndpoint(network, settings, { interfaceName, dnsNames });
      engine.names.add(taken[name]);
    }
    return taken;
  } catch (error) {
    giveBack(engine, taken);
    throw error;
  }
}

/** Idempotent. */
export function giveBack(engine: Engine, endpoints: Endpoints): void {
  for (const [name, endpoint] of Object.entries(endpoints)) {
    engine.names.remove(endpoint);
    engine.networks.byName(name)?.release(endpoint);
  }
}

/** What is known of its endpoints when the supervisor starts again. */
export function restoreEndpoints(engine: Engine, endpoints: Endpoints): void {
  for (const [name, endpoint] of Object.entries(endpoints)) {
    engine.networks.byName(name)?.restore(endpoint);
    engine.names.add(endpoint);
  }
}

export function networkSteps(
  engine: Engine,
  record: ContainerRecord,
  endpoints: Endpoints,
): StepDraft[] {
  const { NetworkMode } = record.hostConfig;
  if (NetworkMode === 'host' || joinedContainer(NetworkMode) !== undefined) return [];
  const attachments = attachmentsOf(engine, record, endpoints);
  return attachments.length > 0 ? endpointSteps(attachments, nameSteps(endpoints)) : noneSteps();
}

/** In the order of interfaces; the one with the default route is found by `gatewayOf`. */
export function attachmentsOf(
  engine: Engine,
  record: ContainerRecord,
  endpoints: Endpoints,
): Attachment[] {
  const gateway = gatewayOf(engine, record, endpoints);
  return Object.entries(endpoints).map(([name, endpoint]) => {
    const network = networkFor(engine, name);
    const { bridgeName, mtu } = network;
    return {
      bridgeName,
      mtu,
      endpoint,
      hasDefaultRoute: name === gateway && !network.record.internal,
      isIsolated: !bridgeOptions(network.record.options).icc,
    };
  });
}

/** The interface that has the default route; undefined when every network is internal. */
export function defaultRouteOf(
  engine: Engine,
  record: ContainerRecord,
  endpoints: Endpoints,
): Attachment | undefined {
  return attachmentsOf(engine, record, endpoints).find(({ hasDefaultRoute }) => hasDefaultRoute);
}

/**
 * The network by which a container reaches everything else. Docker's order: the highest priority, then those that
 * lead out, then those with IPv6 too, then by name.
 */
export function gatewayOf(
  engine: Engine,
  record: ContainerRecord,
  endpoints: Endpoints,
): string | undefined {
  const asked = networksOf(record);
  const rank = (name: string) => {
    const { internal, ipv6 } = networkFor(engine, name).record;
    return [-(asked[name]?.gwPriority ?? 0), Number(internal), Number(ipv6 === undefined)];
  };
  const [first] = Object.keys(endpoints).sort((a, b) => {
    const [left, right] = [rank(a), rank(b)];
    const at = left.findIndex((value, i) => value !== right[i]);
    return at < 0 ? (a < b ? -1 : 1) : Number(left[at]) - Number(right[at]);
  });
  return first;
}

function networkFor(engine: Engine, name: string): BridgeNetwork {
  const network = engine.networks.byName(name);
  if (network) return network;
  throw new NotFoundError(`failed to set up container networking: network ${name} not found`);
}
