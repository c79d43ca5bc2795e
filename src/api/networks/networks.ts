/** `GET /networks` and `/networks/{id}`: the three networks that are always there, read-only. */
import { createHash } from 'node:crypto';
import type { Engine } from '../../container/engine.ts';
import { isAlive } from '../../container/state.ts';
import { ConflictError, NotFoundError } from '../../errors/errors.ts';
import type { Exchange } from '../exchange.ts';
import { Filters } from '../filters.ts';
import { networkName } from '../views/endpoint.ts';

interface NetworkView {
  Name: string;
  Id: string;
  Driver: string;
  [field: string]: unknown;
}

export function list(exchange: Exchange): void {
  const filters = new Filters(exchange.query, [
    'driver',
    'id',
    'name',
    'scope',
    'type',
    'label',
    'dangling',
  ]);
  const found = all(exchange.engine).filter(
    (network) =>
      filters.accepts('driver', (value) => value === network.Driver) &&
      filters.accepts('id', (value) => network.Id.startsWith(value)) &&
      filters.accepts('name', (value) => network.Name.includes(value)) &&
      filters.accepts('scope', (value) => value === 'local') &&
      filters.accepts('type', (value) => value === 'builtin') &&
      filters.values('label').length === 0 &&
      filters.flag('dangling') !== true,
  );
  exchange.json(found.map((network) => ({ ...network, Containers: {} })));
}

export function inspect(exchange: Exchange): void {
  const ref = exchange.param('id');
  const networks = all(exchange.engine);
  const named = networks.filter(({ Name, Id }) => Name === ref || Id === ref);
  const found = named.length ? named : networks.filter(({ Id }) => Id.startsWith(ref));
  if (found.length > 1)
    throw new ConflictError(
      `network ${ref} is ambiguous (${found.length} matches found on ID prefix)`,
    );
  if (!found[0]) throw new NotFoundError(`network ${ref} not found`);
  exchange.json(found[0]);
}

function all(engine: Engine): NetworkView[] {
  const { network } = engine;
  const ipam = [{ Subnet: network.subnet, Gateway: network.gateway }];
  const options = {
    'com.docker.network.bridge.default_bridge': 'true',
    'com.docker.network.bridge.name': network.bridgeName,
    'com.docker.network.driver.mtu': String(network.mtu),
  };
  return [
    view(engine, 'bridge', network.id, 'bridge', ipam, options),
    view(engine, 'host', idOf('host'), 'host', [], {}),
    view(engine, 'none', idOf('none'), 'null', [], {}),
  ];
}

function view(
  engine: Engine,
  name: string,
  id: string,
  driver: string,
  config: object[],
  options: Record<string, string>,
): NetworkView {
  return {
    Name: name,
    Id: id,
    Created: '0001-01-01T00:00:00Z',
    Scope: 'local',
    Driver: driver,
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: { Driver: 'default', Options: null, Config: config },
    Internal: false,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: members(engine, name),
    Options: options,
    Labels: {},
  };
}

/** The running containers of a network. */
function members(engine: Engine, network: string): Record<string, object> {
  const on = engine.containers
    .all()
    .filter(({ record }) => isAlive(record.state) && networkName(record) === network);
  return Object.fromEntries(
    on.map(({ id, name, record }) => {
      const endpoint = record.endpoints[network];
      const address = endpoint ? `${endpoint.ipAddress}/${endpoint.prefixLength}` : '';
      return [
        id,
        {
          Name: name,
          EndpointID: endpoint?.endpointId ?? '',
          MacAddress: endpoint?.macAddress ?? '',
          IPv4Address: address,
          IPv6Address: '',
        },
      ];
    }),
  );
}

function idOf(name: string): string {
  return createHash('sha256').update(`petri network ${name}`).digest('hex');
}
