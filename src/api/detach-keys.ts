/** The keys that leave a terminal without ending its program, as clients name them: `ctrl-p,ctrl-q`. */
import { InvalidError } from '../errors/errors.ts';
import { defaultDetachKeys, parseDetachKeys } from './client/detach.ts';

/**
 * @param text keys separated by commas; empty: none are named
 * @returns the bytes those keys send
 * @throws InvalidError with docker's words
 */
export function detachKeys(text: string): Buffer {
  try {
    return Buffer.from(text === '' ? [] : parseDetachKeys(text));
  } catch (error) {
    throw new InvalidError(`Invalid escape keys (${text}) provided`, { cause: error });
  }
}

/** The same, and docker's own where none are named. */
export function detachSequence(text: string): number[] {
  return [...detachKeys(text || defaultDetachKeys)];
}
