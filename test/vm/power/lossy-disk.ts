/**
 * A disk with a cache that a power cut empties: what was written since the last flush may be lost, sector by sector
 * and in any order, as the makers of disks reserve to themselves. What was flushed stays.
 */

/** Of today's disks. With half a superblock ext4 is not mounted again. */
const sectorBytes = 4096;

export class LossyDisk {
  /** What is read. */
  readonly #now: Buffer;
  /** What a power cut leaves. */
  readonly #kept: Buffer;
  readonly #unflushed = new Set<number>();
  /** Requests to write so far. */
  writes = 0;
  onWrite: () => void = () => undefined;

  constructor(content: Buffer) {
    this.#now = Buffer.from(content);
    this.#kept = Buffer.from(content);
  }

  get size(): number {
    return this.#now.length;
  }

  read(at: number, length: number): Buffer {
    return this.#now.subarray(at, at + length);
  }

  /** @param isForced it is to stay, as after a flush (FUA) */
  write(at: number, bytes: Buffer, isForced: boolean): void {
    bytes.copy(this.#now, at);
    const sectors = sectorsOf(at, bytes.length);
    if (isForced) for (const sector of sectors) this.#keep(sector);
    else for (const sector of sectors) this.#unflushed.add(sector);
    this.writes++;
    this.onWrite();
  }

  flush(): void {
    for (const sector of this.#unflushed) this.#keep(sector);
  }

  /**
   * The power goes.
   * @param isKept asked for each sector that was not flushed
   * @returns how many there were, and how many of them are lost
   */
  cut(isKept: () => boolean): { unflushed: number; lost: number } {
    const unflushed = this.#unflushed.size;
    for (const sector of this.#unflushed) if (isKept()) this.#keep(sector);
    const lost = this.#unflushed.size;
    this.#unflushed.clear();
    this.#kept.copy(this.#now);
    return { unflushed, lost };
  }

  /** All of it, to be looked at by other tools. */
  content(): Buffer {
    return this.#now;
  }

  #keep(sector: number): void {
    const from = sector * sectorBytes;
    this.#now.copy(this.#kept, from, from, from + sectorBytes);
    this.#unflushed.delete(sector);
  }
}

function* sectorsOf(at: number, length: number): Generator<number> {
  const last = Math.floor((at + length - 1) / sectorBytes);
  for (let sector = Math.floor(at / sectorBytes); sector <= last; sector++) yield sector;
}
