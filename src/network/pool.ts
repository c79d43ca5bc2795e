/**
 * The IPv4 addresses of one network. Free addresses are given out round robin and not lowest first,
 * so that an address is not another container's a moment after its owner ended. Pure.
 */
import { SystemError } from '../errors/errors.ts';
import { ipv4Bytes, ipv4Text, parseCidr } from '../kernel/netlink/message.ts';

export class AddressPool {
  /** First and last address that may be given: the network's and the broadcast address are not. */
  readonly #first: number;
  readonly #last: number;
  readonly #taken = new Set<number>();
  #next: number;

  /**
   * @param subnet e.g. `10.88.0.0/16`
   * @param reserved addresses never given out, such as the gateway's
   * @param name of the network, for the error's text
   */
  constructor(
    readonly subnet: string,
    reserved: readonly string[],
    readonly name = 'bridge',
  ) {
    const [network, broadcast] = subnetRange(subnet);
    this.#first = network + 1;
    this.#last = broadcast - 1;
    this.#next = this.#first;
    for (const address of reserved) this.reserve(address);
  }

  /** @throws SystemError in docker's words when all addresses are taken */
  allocate(): string {
    const size = this.#last - this.#first + 1;
    for (let tried = 0; tried < size; tried++) {
      const candidate = this.#next;
      this.#next = candidate === this.#last ? this.#first : candidate + 1;
      if (this.#taken.has(candidate)) continue;
      this.#taken.add(candidate);
      return toAddress(candidate);
    }
    throw new SystemError(
      `no available IPv4 addresses on this network's address pools: ${this.name} (${this.subnet})`,
    );
  }

  /**
   * Marks an address as taken, e.g. a running container's when the supervisor starts again.
   * @returns false when it was taken already or is not of this subnet
   */
  reserve(address: string): boolean {
    const number = toNumber(address);
    if (number < this.#first || number > this.#last || this.#taken.has(number)) return false;
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

/** Docker's rule: 02:42 and the four bytes of the address, so it is unique where the address is. */
export function macOfAddress(address: string): string {
  const hex = Array.from(ipv4Bytes(address), (byte) => byte.toString(16).padStart(2, '0'));
  return `02:42:${hex.join(':')}`;
}

/** First and last address of a subnet as numbers. */
export function subnetRange(cidr: string): [first: number, last: number] {
  const { address, prefixLength } = parseCidr(cidr);
  const size = 2 ** (32 - prefixLength);
  const first = Math.floor(toNumber(address) / size) * size;
  return [first, first + size - 1];
}

export function subnetsOverlap(a: string, b: string): boolean {
  const [firstA, lastA] = subnetRange(a);
  const [firstB, lastB] = subnetRange(b);
  return firstA <= lastB && firstB <= lastA;
}

/** `10.88.0.1/16` → `10.88.0.0/16`. */
export function subnetOf(cidr: string): string {
  return `${toAddress(subnetRange(cidr)[0])}/${parseCidr(cidr).prefixLength}`;
}

export function broadcastOf(cidr: string): string {
  return toAddress(subnetRange(cidr)[1]);
}

/** The address `offset` after the subnet's first. */
export function addressAt(subnet: string, offset: number): string {
  return toAddress(subnetRange(subnet)[0] + offset);
}

function toNumber(address: string): number {
  return Buffer.from(ipv4Bytes(address)).readUInt32BE(0);
}

function toAddress(number: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number >>> 0);
  return ipv4Text(bytes);
}
