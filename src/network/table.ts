/** The networks that are known, by name, id and unique beginning of the id. Pure. */
import { ConflictError, NotFoundError } from '../errors/errors.ts';
import { type BridgeNetwork, builtIn, type Network } from './network.ts';

export class NetworkTable {
  readonly #bridges = new Map<string, BridgeNetwork>();

  constructor(
    /** The one called `bridge`. */
    readonly defaultBridge: BridgeNetwork,
  ) {
    this.keep(defaultBridge);
  }

  protected keep(network: BridgeNetwork): void {
    this.#bridges.set(network.name, network);
  }

  protected drop(network: BridgeNetwork): void {
    this.#bridges.delete(network.name);
  }

  bridges(): BridgeNetwork[] {
    return [...this.#bridges.values()];
  }

  all(): Network[] {
    return [...this.bridges(), ...builtIn];
  }

  /** Of both families. */
  subnets(): string[] {
    return this.bridges().flatMap(({ record: { ipv4, ipv6 } }) =>
      ipv6 ? [ipv4.subnet, ipv6.subnet] : [ipv4.subnet],
    );
  }

  byName(name: string): BridgeNetwork | undefined {
    return this.#bridges.get(name);
  }

  byId(id: string): BridgeNetwork | undefined {
    return this.bridges().find((network) => network.id === id);
  }

  /**
   * By name, id, or the beginning of an id.
   * @throws NotFoundError, ConflictError with docker's words
   */
  find(ref: string): Network {
    const all = this.all();
    const exact = all.find(({ name }) => name === ref) ?? all.find(({ id }) => id === ref);
    if (exact) return exact;
    const matches = ref ? all.filter(({ id }) => id.startsWith(ref)) : [];
    if (matches.length > 1)
      throw new ConflictError(
        `network ${ref} is ambiguous (${matches.length} matches found on ID prefix)`,
      );
    if (!matches[0]) throw new NotFoundError(`network ${ref} not found`);
    return matches[0];
  }
}
