/** The keys that leave a container's terminal without ending it: `ctrl-p,ctrl-q` unless told. */
import { Transform, type TransformCallback } from 'node:stream';

export const defaultDetachKeys = 'ctrl-p,ctrl-q';

/** `ctrl-a,x` → the bytes those keys send. @throws Error for an unknown key */
export function parseDetachKeys(text: string): number[] {
  return text.split(',').map((key) => {
    if (key.length === 1 && key < '\x80') return key.charCodeAt(0);
    const [, letter] = /^ctrl-([a-z@[\\\]^_])$/i.exec(key) ?? [];
    if (!letter) throw new Error(`unknown key '${key}' in detach keys`);
    return letter.toLowerCase().charCodeAt(0) & 0x1f;
  });
}

/**
 * Passes typed bytes on and holds back what may be the beginning of the sequence; calls `onDetach`
 * once, when it is complete. What comes after it is nobody's.
 */
export class DetachFilter extends Transform {
  readonly #sequence: Buffer;
  readonly #borders: readonly number[];
  #matched = 0;
  #detached = false;

  constructor(
    sequence: readonly number[],
    private readonly onDetach: () => void,
  ) {
    super();
    this.#sequence = Buffer.from(sequence);
    this.#borders = bordersOf(sequence);
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    const [first = 0] = this.#sequence;
    if (this.#detached) done();
    else if (this.#matched === 0 && !chunk.includes(first)) done(null, chunk);
    else done(null, this.#filter(chunk));
  }

  override _flush(done: TransformCallback): void {
    done(null, this.#detached ? undefined : this.#sequence.subarray(0, this.#matched));
  }

  #filter(chunk: Buffer): Buffer {
    const held = this.#sequence.subarray(0, this.#matched);
    const all = Buffer.concat([held, chunk]);
    for (let at = held.length; at < all.length; at++) {
      this.#step(all[at] as number);
      if (this.#matched < this.#sequence.length) continue;
      this.#detached = true;
      process.nextTick(this.onDetach);
      return all.subarray(0, at + 1 - this.#matched);
    }
    return all.subarray(0, all.length - this.#matched);
  }

  /** A byte that does not go on with the match may go on with a shorter one inside it (Knuth, Morris, Pratt). */
  #step(byte: number): void {
    while (this.#matched > 0 && byte !== this.#sequence[this.#matched])
      this.#matched = this.#borders[this.#matched] ?? 0;
    if (byte === this.#sequence[this.#matched]) this.#matched++;
  }
}

/** For each length of a beginning: how long its longest end is that is a beginning too. */
function bordersOf(sequence: readonly number[]): number[] {
  const borders = [0, 0];
  for (let length = 2, border = 0; length <= sequence.length; length++) {
    const byte = sequence[length - 1];
    while (border > 0 && sequence[border] !== byte) border = borders[border] ?? 0;
    if (sequence[border] === byte) border++;
    borders.push(border);
  }
  return borders;
}
