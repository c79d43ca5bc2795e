/**
 * The engine's networks: `bridge`, `host` and `none`, which are always there, and those that users made,
 * each with its record, its bridge on the host and its part of the firewall. The record is written first and
 * goes last: what a crash cut off is completed at the next start, or was never there.
 */
import { writeFileSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { ConflictError, ForbiddenError } from '../errors/errors.ts';
import { quarantine, readRecord, writeRecord } from '../store/record.ts';
import { removeBridge, settleBridge, warnOfOverlap } from './bridge.ts';
import { defaultNetwork } from './default-network.ts';
import { Firewall } from './firewall/firewall.ts';
import { tableName } from './firewall/table.ts';
import { HostNetwork } from './host.ts';
import { BridgeNetwork, bridgeAddress, type Network } from './network.ts';
import { bridgeOptions, mtuOf } from './options.ts';
import type { PublishedAt } from './ports/published.ts';
import { type NetworkRecord, networkRecordSchema } from './record.ts';
import { NetworkTable } from './table.ts';

export interface NetworksOptions {
  /** Link name of the default bridge. */
  bridge: string;
  /** Its own address, `10.88.0.1/16`; undefined: keep what it has, else choose a free subnet. */
  bip: string | undefined;
  /** Folder of the records. */
  folder: string;
  /** The ports that containers have published now. */
  published: () => PublishedAt[];
  log: Pick<Logger, 'info' | 'warn' | 'error'>;
}

export class Networks extends NetworkTable {
  private constructor(
    readonly host: HostNetwork,
    defaultBridge: BridgeNetwork,
    readonly firewall: Firewall,
    readonly options: NetworksOptions,
  ) {
    super(defaultBridge);
  }

  /** @throws InvalidError for a bad bridge or `bip`, KernelError or SystemError when the host refuses */
  static async open(options: NetworksOptions): Promise<Networks> {
    const host = HostNetwork.open();
    let firewall: Firewall | undefined;
    try {
      const records = await loadRecords(options);
      const taken = records.flatMap(({ ipv4, ipv6 }) => [ipv4.subnet, ipv6?.subnet ?? []].flat());
      const first = defaultNetwork(host, options, taken);
      writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
      firewall = Firewall.open(tableName(options.bridge), options.published, options.log);
      const networks = new Networks(host, first, firewall, options);
      await networks.#open(first);
      for (const record of records) await networks.#reopen(record);
      options.log.info(
        { bridge: options.bridge, address: bridgeAddress(first.record.ipv4), more: records.length },
        'networks are open',
      );
      return networks;
    } catch (error) {
      firewall?.close();
      host.close();
      throw error;
    }
  }

  /**
   * Puts the firewall's rules in place, once it is known which ports are published.
   * @throws SystemError when nftables refuses them
   */
  begin(): Promise<void> {
    return this.firewall.begin();
  }

  /** Descriptors that every container's network steps begin with. */
  get slots(): ReadonlyMap<string, number> {
    return this.host.slots;
  }

  /**
   * Adds a network whose record has been checked. Nothing of it is left if this throws.
   * @throws ConflictError when the name is taken, KernelError, SystemError
   */
  async add(record: NetworkRecord): Promise<BridgeNetwork> {
    if (this.all().some(({ name }) => name === record.name))
      throw new ConflictError(`network with name ${record.name} already exists`);
    const network = new BridgeNetwork(record, mtuOf(record, this.host));
    // Known from here on, so that no other takes its name or subnet while the record is written.
    this.keep(network);
    try {
      await writeRecord(this.#recordPath(record.id), record);
      await this.#open(network);
      return network;
    } catch (error) {
      await this.#forget(network);
      await rm(this.#recordPath(record.id), { force: true });
      throw error;
    }
  }

  /** @throws ForbiddenError with docker's words while containers are on it */
  async remove(network: Network): Promise<void> {
    if (network.driver !== 'bridge' || network.isDefault)
      throw new ForbiddenError(`${network.name} is a pre-defined network and cannot be removed`);
    if (network.endpoints.size > 0)
      throw new ForbiddenError(
        `error while removing network: network ${network.name} has active endpoints`,
      );
    await this.#forget(network);
    await rm(this.#recordPath(network.id), { force: true });
  }

  /** Closes descriptors; bridges and rules stay, for containers run on. */
  close(): void {
    this.firewall.close();
    this.host.close();
  }

  /** Also removes every bridge and every rule. */
  async closeAndRemove(): Promise<void> {
    await this.firewall.remove();
    for (const { bridgeName } of this.bridges()) removeBridge(this.host, bridgeName);
    this.host.close();
  }

  async #open(network: BridgeNetwork): Promise<void> {
    const { record, bridgeName, mtu } = network;
    const { ipv4, ipv6 } = record;
    settleBridge(this.host, {
      name: bridgeName,
      addresses: ipv6 ? [bridgeAddress(ipv4), bridgeAddress(ipv6)] : [bridgeAddress(ipv4)],
      mtu,
    });
    if (ipv6) writeFileSync('/proc/sys/net/ipv6/conf/all/forwarding', '1');
    warnOfOverlap(this.host, bridgeName, ipv4.subnet, this.options.log);
    const { icc, masquerade } = bridgeOptions(record.options);
    await this.firewall.addNetwork({
      bridge: bridgeName,
      ipv4: ipv4.subnet,
      ...(ipv6 ? { ipv6: ipv6.subnet } : {}),
      internal: record.internal,
      icc,
      masquerade,
    });
    this.keep(network);
  }

  /** One that cannot be opened any more stops nobody else, and containers on it are told by name. */
  async #reopen(record: NetworkRecord): Promise<void> {
    const network = new BridgeNetwork(record, mtuOf(record, this.host));
    try {
      await this.#open(network);
    } catch (err) {
      this.keep(network);
      this.options.log.error({ err, network: network.name }, 'cannot open a network');
    }
  }

  async #forget(network: BridgeNetwork): Promise<void> {
    this.drop(network);
    await this.firewall.removeNetwork(network.bridgeName);
    removeBridge(this.host, network.bridgeName);
  }

  #recordPath(id: string): string {
    return join(this.options.folder, `${id}.json`);
  }
}

async function loadRecords({ folder, log }: NetworksOptions): Promise<NetworkRecord[]> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const records: NetworkRecord[] = [];
  for (const file of await readdir(folder)) {
    if (!/^[0-9a-f]{64}\.json$/.test(file)) continue;
    const path = join(folder, file);
    try {
      const record = await readRecord(path, networkRecordSchema);
      if (file !== `${record.id}.json`) throw new Error(`the record says it is ${record.id}`);
      records.push(record);
    } catch (error) {
      await quarantine(path, error, log);
    }
  }
  return records.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
}
