/** Publishes a container's ports when it starts, and gives them back at its end. */
import { SystemError } from '../../errors/errors.ts';
import { forgetConnections } from '../../kernel/netlink/conntrack.ts';
import type { Endpoint } from '../../network/endpoint.ts';
import { bridgeOptions } from '../../network/options.ts';
import type { PublishedAt, PublishedPort } from '../../network/ports/published.ts';
import { requestedPorts } from '../../network/ports/requests.ts';
import { datagramPorts, elementsOf, publishSteps } from '../../network/ports/steps.ts';
import type { Target } from '../../network/ports/table.ts';
import type { Handlers } from '../../step/perform.ts';
import type { StepDraft } from '../../step/step.ts';
import type { Engine } from '../engine.ts';
import type { ContainerRecord } from '../record.ts';
import type { Container } from '../table.ts';
import { attachmentsOf, type Endpoints } from './endpoints.ts';

/**
 * Takes a port of the host for each that is asked for, on the network by which the container reaches the outside.
 * @throws SystemError in docker's words when one is another's; then none is taken
 */
export function claimPorts(
  engine: Engine,
  record: ContainerRecord,
  endpoints: Endpoints,
): PublishedPort[] {
  const endpoint = outerEndpoint(engine, record, endpoints);
  if (!endpoint) return [];
  const { options = {} } = engine.networks.byId(endpoint.networkId)?.record ?? {};
  const { hostBinding } = bridgeOptions(options);
  const requests = requestedPorts(record.hostConfig, record.config.ExposedPorts, hostBinding);
  try {
    return engine.ports.claim(requests, targetOf(endpoint));
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    const on = `${record.name} (${endpoint.endpointId})`;
    throw new SystemError(
      `driver failed programming external connectivity on endpoint ${on}: ${error.message}`,
      { cause: error },
    );
  }
}

export function portSteps(
  engine: Engine,
  record: ContainerRecord,
  endpoints: Endpoints,
  published: readonly PublishedPort[],
): StepDraft[] {
  const endpoint = outerEndpoint(engine, record, endpoints);
  if (!endpoint) return [];
  const ports = published.map((port) => ({ ...port, ...targetOf(endpoint) }));
  return publishSteps(engine.networks.firewall.table, ports, endpoint.hostInterface);
}

/**
 * How the steps are performed.
 * @param others what steps of other kinds with the same call do
 */
export function portCalls({ networks, ports }: Engine, others: Handlers): Handlers {
  return {
    nft: (args, slots) => {
      if (args.table !== networks.firewall.table) return others.nft?.(args, slots) ?? 0;
      const verb = args.command === 'add element' ? 'add' : 'delete';
      networks.firewall.change(verb, elementsOf(args));
      return 0;
    },
    listen: ({ protocol, address, port }) => {
      const place = { hostIp: String(address), hostPort: Number(port), containerPort: 0 };
      ports.listen({ protocol: protocol as PublishedPort['protocol'], ...place });
      return 0;
    },
    IPCTNL_MSG_CT_DELETE: ({ family, protocol, ports: numbers }) =>
      forgetConnections(
        protocol as PublishedPort['protocol'],
        new Set(numbers as number[]),
        family === 'ipv6',
      ),
  };
}

/** Idempotent. What was taken is nobody's, and what is sent there reaches nobody. An end is not kept from being one. */
export function givePortsBack(engine: Engine, published: readonly PublishedPort[]): void {
  const ports = engine.ports.release(published);
  try {
    engine.networks.firewall.unpublish(ports);
  } catch (err) {
    engine.log.error({ err, ports }, 'cannot take published ports out of the firewall');
  }
  forgetSenders(engine, ports);
}

/** Of a container that runs on, when the supervisor starts. */
export function restorePorts(engine: Engine, record: ContainerRecord): void {
  if (!record.published?.length) return;
  const endpoint = outerEndpoint(engine, record, record.endpoints);
  const target = endpoint ? targetOf(endpoint) : {};
  const ports = record.published.map((port) => ({ ...port, ...target }));
  for (const { hostIp, hostPort, protocol } of engine.ports.restore(ports))
    engine.log.warn(
      { container: record.name, hostIp, hostPort, protocol },
      'another program has taken a published port while the engine was away: what comes by IPv4 still reaches the container',
    );
}

/** The way out has changed while it runs: its ports lead to its address there, or nowhere without a way out. */
export function movePorts(
  engine: Engine,
  { record }: Container,
  to: Pick<ContainerRecord, 'networks' | 'endpoints'>,
): void {
  const before = engine.ports.held(record.published ?? []);
  const endpoint = outerEndpoint(engine, { ...record, ...to }, to.endpoints);
  const target: Target = endpoint ? targetOf(endpoint) : {};
  if (before.every(({ ipv4, ipv6 }) => ipv4 === target.ipv4 && ipv6 === target.ipv6)) return;
  const after = engine.ports.retarget(before, target);
  engine.networks.firewall.unpublish(before);
  engine.networks.firewall.publish(after);
  forgetSenders(engine, after);
}

/** On the network by which everything else is reached, unless that is internal. */
function outerEndpoint(
  engine: Engine,
  record: ContainerRecord,
  endpoints: Endpoints,
): Endpoint | undefined {
  const outer = attachmentsOf(engine, record, endpoints).find((one) => one.hasDefaultRoute);
  return Object.values(endpoints).find((endpoint) => endpoint === outer?.endpoint);
}

function targetOf({ ipAddress, ipv6Address }: Endpoint): Target {
  return { ipv4: ipAddress, ...(ipv6Address === undefined ? {} : { ipv6: ipv6Address }) };
}

/** Who goes on sending datagrams is not to reach whoever has the address next. */
function forgetSenders({ log }: Engine, ports: readonly PublishedAt[]): void {
  try {
    for (const isV6 of [false, true])
      forgetConnections('udp', new Set(datagramPorts(ports, isV6)), isV6);
  } catch (err) {
    log.warn({ err, ports }, 'cannot forget who sent datagrams to published ports');
  }
}
