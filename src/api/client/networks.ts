/** Calls on networks. */
import { type Filters, formatFilters } from './containers.ts';
import { nameOrId } from './name.ts';
import type { Transport } from './transport.ts';
import type { EndpointBody, NetworkBody, NetworkSummary } from './types.ts';

export class Networks {
  constructor(private readonly transport: Transport) {}

  list(filters: Filters): Promise<NetworkSummary[]> {
    return this.transport.json('GET', '/networks', { query: { filters: formatFilters(filters) } });
  }

  /** The engine's own text, for showing. */
  async inspectText(name: string, query: { verbose?: boolean } = {}): Promise<string> {
    return this.transport.text('GET', path(name), { query });
  }

  create(body: NetworkBody): Promise<{ Id: string; Warning?: string }> {
    return this.transport.json('POST', '/networks/create', { body });
  }

  async connect(name: string, container: string, EndpointConfig: EndpointBody): Promise<void> {
    const target = path(name, 'connect');
    const body = { Container: nameOrId('container', container), EndpointConfig };
    return this.transport.json('POST', target, { body });
  }

  async disconnect(name: string, container: string, Force: boolean): Promise<void> {
    const target = path(name, 'disconnect');
    const body = { Container: nameOrId('container', container), Force };
    return this.transport.json('POST', target, { body });
  }

  async remove(name: string): Promise<void> {
    return this.transport.json('DELETE', path(name));
  }
}

function path(name: string, verb?: string): string {
  return `/networks/${encodeURIComponent(nameOrId('network', name))}${verb ? `/${verb}` : ''}`;
}
