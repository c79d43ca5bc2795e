import type { Engine } from '../../container/engine.ts';
import { networksOf } from '../../container/network/asked.ts';
import type { Network } from '../../network/network.ts';
import type { Exchange } from '../exchange.ts';
import { Filters, fitsLabel } from '../filters.ts';
import { networkView } from '../views/network.ts';

/** `GET /networks` */
export function list(exchange: Exchange): void {
  const { engine, query } = exchange;
  const filters = new Filters(query, [
    'driver',
    'id',
    'name',
    'scope',
    'type',
    'label',
    'dangling',
  ]);
  filters.assertValues('type', ['builtin', 'custom']);
  const dangling = filters.flag('dangling');
  const found = engine.networks
    .all()
    .filter(
      (network) =>
        fits(filters, network) &&
        (dangling === undefined || isDangling(engine, network) === dangling),
    );
  exchange.json(found.map((network) => networkView(engine, network, false)));
}

/** Made by a user, and used by no container, running or not. */
export function isDangling(engine: Engine, network: Network): boolean {
  return (
    isCustom(network) &&
    !engine.containers.all().some(({ record }) => Object.hasOwn(networksOf(record), network.name))
  );
}

function fits(filters: Filters, network: Network): boolean {
  const labels = network.driver === 'bridge' ? network.record.labels : {};
  const type = isCustom(network) ? 'custom' : 'builtin';
  return (
    filters.accepts('driver', (value) => value === network.driver) &&
    filters.accepts('id', (value) => network.id.startsWith(value)) &&
    filters.accepts('name', (value) => network.name.includes(value)) &&
    filters.accepts('scope', (value) => value === 'local') &&
    filters.accepts('type', (value) => value === type) &&
    filters.acceptsAll('label', (label) => fitsLabel(labels, label))
  );
}

function isCustom(network: Network): boolean {
  return network.driver === 'bridge' && !network.isDefault;
}
