import { emitNetwork } from '../../container/events.ts';
import type { BridgeNetwork } from '../../network/network.ts';
import type { Exchange } from '../exchange.ts';
import { Filters } from '../filters.ts';
import { common, orNull, wantedBy } from '../system/prune.ts';
import { isDangling } from './list.ts';

/** `POST /networks/prune`: those of users that no container is on, running or not. */
export async function pruneNetworks(exchange: Exchange): Promise<void> {
  const { engine, query } = exchange;
  const wanted = wantedBy(new Filters(query, common));
  const isPrunable = (network: BridgeNetwork) =>
    isDangling(engine, network) && wanted(network.record.createdAt, network.record.labels);
  const deleted: string[] = [];
  for (const network of engine.networks.bridges().filter(isPrunable)) {
    await engine.networks.remove(network);
    emitNetwork(engine, network, 'destroy');
    deleted.push(network.name);
  }
  exchange.json({ NetworksDeleted: orNull(deleted) });
}
