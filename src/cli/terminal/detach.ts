/** The keys that leave a container's terminal without ending it: `ctrl-p,ctrl-q` unless told. */
import { Transform, type TransformCallback } from 'node:stream';

export const defaultDetachKeys = 'ctrl-p,ctrl-q';

/** `ctrl-a,x` → the bytes those keys send. @throws Error for an unknown key */
export function parseDetachKeys(text: string): number[] {
  return text.split(',').map((key) => {
    if (key.length === 1) return key.charCodeAt(0);
    const [, letter] = /^ctrl-([a-z@[\\\]^_])$/i.exec(key) ?? [];
    if (!letter) throw new Error(`unknown key '${key}' in detach keys`);
    return letter.toLowerCase().charCodeAt(0) & 0x1f;
  });
}

/**
 * Passes typed bytes on and holds back what may be the beginning of the sequence; calls `onDetach`
 * when it is complete.
 */
export class DetachFilter extends Transform {
  #matched = 0;

  constructor(
    private readonly sequence: readonly number[],
    private readonly onDetach: () => void,
  ) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    const passed: number[] = [];
    for (const byte of chunk) {
      if (this.#step(byte, passed)) {
        if (passed.length > 0) this.push(Buffer.from(passed));
        this.#matched = 0; // what is left is nobody's
        this.onDetach();
        done();
        return;
      }
    }
    done(null, passed.length > 0 ? Buffer.from(passed) : undefined);
  }

  override _flush(done: TransformCallback): void {
    done(null, Buffer.from(this.sequence.slice(0, this.#matched)));
  }

  /** @returns true when this byte completes the sequence */
  #step(byte: number, passed: number[]): boolean {
    if (byte === this.sequence[this.#matched]) {
      this.#matched++;
      return this.#matched === this.sequence.length;
    }
    passed.push(...this.sequence.slice(0, this.#matched));
    this.#matched = 0;
    if (byte === this.sequence[0]) this.#matched = 1;
    else passed.push(byte);
    return this.#matched === this.sequence.length;
  }
}
