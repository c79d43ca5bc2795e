/** The keys that leave a terminal without ending its program, as clients name them: `ctrl-p,ctrl-q`. */
import { InvalidError } from '../errors/errors.ts';

/**
 * @param text keys separated by commas; empty: none are named
 * @returns the bytes those keys send
 * @throws InvalidError with docker's words
 */
export function detachKeys(text: string): Buffer {
  if (text === '') return Buffer.alloc(0);
  return Buffer.from(text.split(',').map(byteOf));
}

function byteOf(key: string): number {
  if (key.length === 1) return key.charCodeAt(0) & 0x7f;
  const [, letter] = /^ctrl-([a-z@[\\\]^_])$/i.exec(key) ?? [];
  if (!letter) throw new InvalidError(`Unknown character: '${key}'`);
  return letter.toLowerCase().charCodeAt(0) & 0x1f;
}
