/** `POST /networks/{id}/connect`: a further network for a container, at once when it runs. */
import { ConflictError, ForbiddenError, InvalidError } from '../../errors/errors.ts';
import { allocateEndpoint, type EndpointSettings } from '../../network/endpoint.ts';
import type { Network } from '../../network/network.ts';
import type { Engine } from '../engine.ts';
import { emitNetworks } from '../events.ts';
import type { ContainerRecord } from '../record.ts';
import { keepRecord } from '../set-state.ts';
import { isAlive } from '../state.ts';
import type { Container } from '../table.ts';
import { checkSettings, isBridged, networksOf } from './asked.ts';
import { performChange } from './change.ts';
import { attachmentsOf, defaultRouteOf, type Endpoints } from './endpoints.ts';
import { updateHosts } from './hosts.ts';
import { dnsNamesOf, nameSteps, serveNames, updateResolvConf } from './names.ts';
import { movePorts } from './ports.ts';

/** In IFNAMSIZ; far more than any container has. */
const MAX_INTERFACES = 1000;

/**
 * @throws ForbiddenError (403) when it is on the network already, InvalidError (400) when its or the network's
 *   kind forbids it, ConflictError when it is being removed, StepFailure; then nothing has changed
 */
export async function connect(
  engine: Engine,
  network: Network,
  container: Container,
  settings: EndpointSettings,
): Promise<void> {
  await container.lock.run(async () => {
    const { record } = container;
    assertConnectable(record, network);
    checkSettings(engine, network.name, settings);
    const networks = { ...networksOf(record), [network.name]: settings };
    const endpoints = isAlive(record.state)
      ? await plugIn(engine, container, network.name, settings)
      : record.endpoints;
    movePorts(engine, container, { networks, endpoints });
    await keepRecord(container, { networks, endpoints });
  });
}

/** Takes an address, plugs the cable in, and tells who asks by name. */
async function plugIn(
  engine: Engine,
  container: Container,
  name: string,
  settings: EndpointSettings,
): Promise<Endpoints> {
  const { record } = container;
  const network = engine.networks.byName(name);
  if (!network || !isAlive(record.state)) throw new InvalidError(`network ${name} not found`);
  const interfaceName = freeInterface(record.endpoints);
  const dnsNames = network.isDefault ? [] : dnsNamesOf(record, settings);
  const endpoint = allocateEndpoint(network, settings, { interfaceName, dnsNames });
  const endpoints = { ...record.endpoints, [name]: endpoint };
  try {
    const asked = { ...record, networks: { ...networksOf(record), [name]: settings } };
    const before = defaultRouteOf(engine, asked, record.endpoints);
    const after = defaultRouteOf(engine, asked, endpoints);
    const isMoved = before?.endpoint !== after?.endpoint;
    const nameSockets = await performChange(engine, container, record.state, {
      plug: attachmentsOf(engine, asked, endpoints).find((one) => one.endpoint === endpoint),
      ...(isMoved ? { routeFrom: before, routeTo: after } : {}),
      inside: engine.names.isServing(container.id) ? [] : nameSteps(endpoints),
    });
    if (nameSockets) serveNames(engine, container, nameSockets);
  } catch (error) {
    network.release(endpoint);
    throw error;
  }
  engine.names.add(endpoint);
  updateHosts(container, endpoints);
  updateResolvConf(container, endpoints);
  emitNetworks(engine, container, { [name]: endpoint }, 'connect');
  return endpoints;
}

function assertConnectable(record: ContainerRecord, network: Network): void {
  const { state, hostConfig, name } = record;
  if (state.status === 'removing' || state.status === 'dead')
    throw new ConflictError(
      `container ${name} is marked for removal and cannot be connected or disconnected to the network`,
    );
  if (network.driver === 'host')
    throw new InvalidError(
      'container cannot be disconnected from host network or connected to host network',
    );
  if (network.driver === 'null' || hostConfig.NetworkMode === 'none')
    throw new InvalidError(
      'container cannot be connected to multiple networks with one of the networks in private (none) mode',
    );
  if (!isBridged(hostConfig.NetworkMode))
    throw new InvalidError(
      'container sharing network namespace with another container or host cannot be connected to any other network',
    );
  if (isAlive(state) && record.endpoints[network.name])
    throw new ForbiddenError(
      `endpoint with name ${name} already exists in network ${network.name}`,
    );
}

function freeInterface(endpoints: Endpoints): string {
  const taken = new Set(Object.values(endpoints).map(({ interfaceName }) => interfaceName));
  for (let i = 0; i < MAX_INTERFACES; i++) if (!taken.has(`eth${i}`)) return `eth${i}`;
  throw new InvalidError(`a container has at most ${MAX_INTERFACES} interfaces`);
}
