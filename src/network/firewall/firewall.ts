/**
 * The firewall of one engine: its table, the networks and published ports in it, and what must be said
 * in other programs' chains. It is the one that knows what is intended, so it can put it back.
 */
import { writeFileSync } from 'node:fs';
import type { Logger } from 'pino';
import { nft } from '../../kernel/nftables.ts';
import type { PublishedAt } from '../ports/published.ts';
import {
  type Element,
  elementCommands,
  type FirewallNetwork,
  networkElements,
  portElements,
} from './elements.ts';
import { admitBridges, dismissBridges } from './guests.ts';
import { admitBridgeLegacy, dismissBridgeLegacy } from './legacy.ts';
import { makeTable, removeTable } from './table.ts';
import { watchTable } from './watch.ts';

type Log = Pick<Logger, 'warn'>;

export class Firewall {
  readonly #networks = new Map<string, FirewallNetwork>();
  /** Ends the watch; undefined until `begin`. */
  #unwatch: (() => void) | undefined;

  private constructor(
    /** Its name, in family inet. */
    readonly table: string,
    private readonly published: () => Iterable<PublishedAt>,
    private readonly log: Log,
  ) {}

  /**
   * Changes nothing before `begin`: a table that an earlier engine left goes on to serve what runs.
   * @param published all ports that are published, at any moment
   */
  static open(table: string, published: () => Iterable<PublishedAt>, log: Log): Firewall {
    return new Firewall(table, published, log);
  }

  /**
   * Puts the table in place, with all that is known by now, in one transaction: at no moment is there half
   * of it. Then it is watched.
   * @throws SystemError when nftables refuses it
   */
  async begin(): Promise<void> {
    this.restore();
    this.#unwatch = watchTable(this, this.log);
    for (const { bridge } of this.#networks.values()) await this.#open(bridge);
    this.admit();
  }

  /** @throws SystemError when nftables refuses it */
  async addNetwork(network: FirewallNetwork): Promise<void> {
    this.#networks.set(network.bridge, network);
    if (!this.#unwatch) return;
    try {
      this.change('add', networkElements(network));
      await this.#open(network.bridge);
    } catch (error) {
      await this.removeNetwork(network.bridge);
      throw error;
    }
    this.#admit([network]);
  }

  /** Does nothing when it is not there. */
  async removeNetwork(bridge: string): Promise<void> {
    const network = this.#networks.get(bridge);
    if (!network) return;
    this.#networks.delete(bridge);
    this.change('delete', networkElements(network));
    await this.#dismiss([network]);
  }

  networks(): FirewallNetwork[] {
    return [...this.#networks.values()];
  }

  /** What its sets and maps are to hold. */
  elements(): Element[] {
    return [
      ...this.networks().flatMap(networkElements),
      ...[...this.published()].flatMap(portElements),
    ];
  }

  /** Makes the table as it is intended, whatever is there. @throws SystemError */
  restore(): void {
    const elements = elementCommands('add', this.table, this.elements());
    nft([...removeTable(this.table), ...makeTable(this.table), ...elements]);
  }

  /** The part that another program may undo at any time, such as dockerd when it starts. */
  admit(): void {
    this.#admit(this.networks());
  }

  publish(ports: readonly PublishedAt[]): void {
    this.change('add', ports.flatMap(portElements));
  }

  /** Of ports that are no longer published. */
  unpublish(ports: readonly PublishedAt[]): void {
    this.change('delete', ports.flatMap(portElements));
  }

  /**
   * One transaction; before `begin` nothing, for then there is no table of ours. Where another program has
   * just taken the table away, the whole of it is put back.
   * @throws SystemError when nftables refuses even that
   */
  change(verb: 'add' | 'delete', elements: readonly Element[]): void {
    if (!this.#unwatch || elements.length === 0) return;
    try {
      nft(elementCommands(verb, this.table, elements));
    } catch {
      this.restore();
    }
  }

  /** Ends the watch; the rules stay, for containers run on. */
  close(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
  }

  /** Also takes every rule away. */
  async remove(): Promise<void> {
    this.close();
    nft(removeTable(this.table));
    await this.#dismiss(this.networks());
  }

  /** Behind the guard the bridge may route 127.0.0.0/8: what the host sends to a port published there. */
  async #open(bridge: string): Promise<void> {
    writeFileSync(`/proc/sys/net/ipv4/conf/${bridge}/route_localnet`, '1');
    await admitBridgeLegacy(bridge, this.log);
  }

  #admit(networks: readonly FirewallNetwork[]): void {
    admitBridges(networks, (place, err) =>
      this.log.warn(
        { err, ...place },
        `this chain drops what is forwarded and could not be changed: containers may not reach the ` +
          `outside; accept packets from and to the interface ${networks.map(({ bridge }) => bridge).join(', ')} in it`,
      ),
    );
  }

  async #dismiss(networks: readonly FirewallNetwork[]): Promise<void> {
    dismissBridges(networks);
    for (const { bridge } of networks) await dismissBridgeLegacy(bridge);
  }
}
