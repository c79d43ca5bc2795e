/** The engine's name service: the tables of all networks, and a server in each container that asks them. */
import type { Logger } from 'pino';
import type { Endpoint } from '../endpoint.ts';
import { answer, type SeenNetwork } from './answer.ts';
import { Budget, forward } from './forward.ts';
import type { Query } from './message.ts';
import { NameServer, type NameSockets } from './server.ts';
import { Names } from './table.ts';

/** A container as the name service sees it; asked anew with each question. */
export interface Asker {
  id: string;
  networks: () => readonly SeenNetwork[];
  /** Who is asked for names elsewhere: IP addresses, as the host reaches them. */
  servers: () => readonly string[];
}

/** Docker's; each holds a descriptor of the engine while it is on its way. */
const MAX_OUTSTANDING = 1024;
/** Of all containers together. */
const MAX_OUTSTANDING_TOTAL = 4096;

export class NameService {
  readonly names = new Names();
  private readonly servers = new Map<string, NameServer>();
  private readonly outstanding = new Budget(MAX_OUTSTANDING_TOTAL);

  constructor(private readonly log: Pick<Logger, 'warn'>) {}

  /** An endpoint without names is on a network that has none, and is passed over. */
  add({ networkId, endpointId, dnsNames, ipAddress, ipv6Address }: Endpoint): void {
    if (dnsNames.length === 0) return;
    this.names.add(networkId, {
      endpointId,
      names: dnsNames,
      ipv4: ipAddress,
      ipv6: ipv6Address,
    });
  }

  /** Idempotent. */
  remove({ networkId, endpointId }: Endpoint): void {
    this.names.remove(networkId, endpointId);
  }

  isServing(id: string): boolean {
    return this.servers.has(id);
  }

  /** Takes the sockets over. A server that the container has already is closed. */
  serve(asker: Asker, sockets: NameSockets): void {
    this.stop(asker.id);
    const budget = new Budget(MAX_OUTSTANDING, this.outstanding);
    const failed = (error: Error) =>
      this.log.warn({ err: error, id: asker.id }, 'the name service of a container has trouble');
    this.servers.set(
      asker.id,
      new NameServer(sockets, (query) => this.answer(asker, query, budget), failed),
    );
  }

  /** Before the container's addresses are given back: its network lives as long as its sockets. */
  stop(id: string): void {
    this.servers.get(id)?.close();
    this.servers.delete(id);
  }

  close(): void {
    for (const id of [...this.servers.keys()]) this.stop(id);
  }

  private answer(asker: Asker, query: Query, budget: Budget): Buffer | Promise<Buffer> {
    const replied = answer(this.names, asker.networks(), query);
    return replied === 'forward' ? forward(query, asker.servers(), budget) : replied;
  }
}
