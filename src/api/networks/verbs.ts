/** The networks' verbs: each finds the network, reads what is asked, and calls the verb. */
import { emitNetwork } from '../../container/events.ts';
import { connect as connectContainer } from '../../container/network/connect.ts';
import { disconnect as disconnectContainer } from '../../container/network/disconnect.ts';
import { createNetwork } from '../../network/create.ts';
import type { Exchange } from '../exchange.ts';
import { connectRequest, disconnectRequest, networkRequest } from '../schema/network.ts';
import { networkView } from '../views/network.ts';

/** `GET /networks/{id}` */
export function inspect(exchange: Exchange): void {
  const { engine } = exchange;
  exchange.json(networkView(engine, engine.networks.find(exchange.param('id')), true));
}

/** `POST /networks/create` */
export async function create(exchange: Exchange): Promise<void> {
  const { engine } = exchange;
  const request = networkRequest(await exchange.readJson());
  const network = await createNetwork(engine.networks, request);
  emitNetwork(engine, network, 'create');
  exchange.json({ Id: network.id, Warning: '' }, 201);
}

/** `DELETE /networks/{id}` */
export async function remove(exchange: Exchange): Promise<void> {
  const { engine } = exchange;
  const network = engine.networks.find(exchange.param('id'));
  await engine.networks.remove(network);
  emitNetwork(engine, network, 'destroy');
  exchange.empty(204);
}

/** `POST /networks/{id}/connect` */
export async function connect(exchange: Exchange): Promise<void> {
  const { engine } = exchange;
  const { container, settings } = connectRequest(await exchange.readJson());
  const network = engine.networks.find(exchange.param('id'));
  await connectContainer(engine, network, engine.containers.find(container), settings);
  exchange.empty(200);
}

/** `POST /networks/{id}/disconnect` */
export async function disconnect(exchange: Exchange): Promise<void> {
  const { engine } = exchange;
  const { container } = disconnectRequest(await exchange.readJson());
  const network = engine.networks.find(exchange.param('id'));
  await disconnectContainer(engine, network, engine.containers.find(container));
  exchange.empty(200);
}
