/** The keys that leave a terminal without ending its program, as clients name them: `ctrl-p,ctrl-q`. */
import { InvalidError } from '../errors/errors.ts';

/**
 * @param text keys separated by commas; empty: none are named
 * @returns the bytes those keys send
 * @throws InvalidError with docker's words
 */
export function detachKeys(text: string): Buffer {
  if (text === '') return Buffer.alloc(0);
  const bytes = text.split(',').map(byteOf);
  if (bytes.includes(undefined)) throw new InvalidError(`Invalid escape keys (${text}) provided`);
  return Buffer.from(bytes as number[]);
}

function byteOf(key: string): number | undefined {
  if (key.length === 1) return key.charCodeAt(0) & 0x7f;
  const [, letter] = /^ctrl-([a-z@[\\\]^_])$/i.exec(key) ?? [];
  return letter === undefined ? undefined : letter.toLowerCase().charCodeAt(0) & 0x1f;
}
