/**
 * The addresses of one network, of one family. Free addresses are given out round robin and not lowest
 * first, so that an address is not another container's a moment after its owner ended. Pure.
 */
import { SystemError } from '../errors/errors.ts';
import { ipBytes, parseCidr } from '../kernel/netlink/ip.ts';
import { bitsOf, familyOf, isWithin, rangeOf, toAddress, toNumber } from './range.ts';

export interface PoolOptions {
  /** Part of the subnet that addresses are given out of; asked for by name, any of the subnet's may be had. */
  range?: string | undefined;
  /** Never given out, such as the gateway's. */
  reserved: readonly string[];
  /** Of the network, for the error's text. */
  name: string;
}

export class AddressPool {
  readonly #first: bigint;
  readonly #last: bigint;
  readonly #bits: number;
  readonly #taken = new Set<bigint>();
  #next: bigint;

  /** @param subnet e.g. `10.88.0.0/16` or `fd00::/64` */
  constructor(
    readonly subnet: string,
    readonly options: PoolOptions,
  ) {
    const { range = subnet, reserved } = options;
    this.#bits = bitsOf(parseCidr(subnet).address);
    const [lowest, highest] = usable(subnet);
    const [first, last] = rangeOf(range);
    // biome-ignore lint/complexity/useMathMinMax: Math.max knows no bigint
    this.#first = first > lowest ? first : lowest;
    // biome-ignore lint/complexity/useMathMinMax: nor does Math.min
    this.#last = last < highest ? last : highest;
    this.#next = this.#first;
    for (const address of reserved) this.reserve(address);
  }

  /** @throws SystemError in docker's words when all addresses are taken */
  allocate(): string {
    for (let left = this.#taken.size + 1; left > 0 && this.#first <= this.#last; left--) {
      const candidate = this.#next;
      this.#next = candidate >= this.#last ? this.#first : candidate + 1n;
      if (this.#taken.has(candidate)) continue;
      this.#taken.add(candidate);
      return toAddress(candidate, this.#bits);
    }
    throw new SystemError(
      `no available IPv${familyOf(this.subnet)} addresses on this network's address pools: ` +
        `${this.options.name} (${this.options.range ?? this.subnet})`,
    );
  }

  /**
   * Marks an address as taken, e.g. a running container's when the supervisor starts again.
   * @returns false when it was taken already or cannot be an address of this subnet
   */
  reserve(address: string): boolean {
    if (!isWithin(address, this.subnet)) return false;
    const number = toNumber(address);
    const [lowest, highest] = usable(this.subnet);
    if (number < lowest || number > highest || this.#taken.has(number)) return false;
    this.#taken.add(number);
    return true;
  }

  release(address: string): void {
    this.#taken.delete(toNumber(address));
  }

  /** How many addresses are taken, the reserved ones included. */
  get taken(): number {
    return this.#taken.size;
  }
}

/** The first address is the network's own name, the last of IPv4 its broadcast address. */
function usable(subnet: string): [lowest: bigint, highest: bigint] {
  const [first, last] = rangeOf(subnet);
  return [first + 1n, familyOf(subnet) === 4 ? last - 1n : last];
}

/** Docker's rule: 02:42 and the four bytes of the address, so it is unique where the address is. */
export function macOfAddress(address: string): string {
  const hex = Array.from(ipBytes(address).subarray(-4), (byte) =>
    byte.toString(16).padStart(2, '0'),
  );
  return `02:42:${hex.join(':')}`;
}
