/** `POST /networks/{id}/disconnect`: a container leaves a network, at once when it runs. */
import { ForbiddenError, InvalidError } from '../../errors/errors.ts';
import type { Network } from '../../network/network.ts';
import type { Engine } from '../engine.ts';
import { emitNetworks } from '../events.ts';
import { keepRecord } from '../set-state.ts';
import { isAlive } from '../state.ts';
import type { Container } from '../table.ts';
import { networksOf } from './asked.ts';
import { performChange } from './change.ts';
import { defaultRouteOf, type Endpoints, giveBack } from './endpoints.ts';
import { updateHosts } from './hosts.ts';
import { movePorts } from './ports.ts';

/**
 * @throws ForbiddenError (403) in docker's words when it is not on it, InvalidError (400) for the host's network
 */
export async function disconnect(
  engine: Engine,
  network: Network,
  container: Container,
): Promise<void> {
  if (network.driver === 'host')
    throw new InvalidError(
      'container cannot be disconnected from host network or connected to host network',
    );
  await container.lock.run(async () => {
    const { record } = container;
    const { [network.name]: asked, ...networks } = networksOf(record);
    if (!asked)
      throw new ForbiddenError(
        `container ${container.id} is not connected to network ${network.name}`,
      );
    const endpoints = isAlive(record.state)
      ? await pullOut(engine, container, network.name)
      : record.endpoints;
    movePorts(engine, container, { networks, endpoints });
    await keepRecord(container, { networks, endpoints });
  });
}

async function pullOut(engine: Engine, container: Container, name: string): Promise<Endpoints> {
  const { record } = container;
  const { [name]: endpoint, ...others } = record.endpoints;
  if (!endpoint || !isAlive(record.state)) return record.endpoints;
  const before = defaultRouteOf(engine, record, record.endpoints);
  const after = defaultRouteOf(engine, record, others);
  await performChange(engine, container, record.state, {
    unplug: endpoint.hostInterface,
    // Its route goes with the interface.
    ...(before?.endpoint === endpoint ? { routeTo: after } : {}),
  });
  giveBack(engine, { [name]: endpoint });
  updateHosts(container, others);
  emitNetworks(engine, container, { [name]: endpoint }, 'disconnect');
  return others;
}
