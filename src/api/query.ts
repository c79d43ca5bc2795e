/** A request's query, read strictly: what is not of its form is the client's error (400). */
import { InvalidError } from '../errors/errors.ts';
import { parseMoment, toNanoseconds } from './client/moment.ts';

export class Query {
  readonly #parameters: URLSearchParams;

  constructor(text: string) {
    this.#parameters = new URLSearchParams(text);
  }

  text(name: string): string | undefined {
    const value = this.#parameters.get(name) ?? undefined;
    if (value?.includes('\0')) throw new InvalidError(`invalid value for ${name}: it has a NUL`);
    return value;
  }

  /** All values of a parameter that repeats. */
  all(name: string): string[] {
    return this.#parameters.getAll(name);
  }

  /** dockerd's rule for true, but words that mean nothing are refused. */
  flag(name: string, unset = false): boolean {
    const value = this.text(name);
    if (value === undefined) return unset;
    const word = value.trim().toLowerCase();
    if (['', '0', 'no', 'false', 'none', 'f'].includes(word)) return false;
    if (['1', 'yes', 'true', 't'].includes(word)) return true;
    throw new InvalidError(`invalid value for ${name}: ${JSON.stringify(value)} is not a boolean`);
  }

  /**
   * @param limits smallest and largest value, both allowed
   * @returns undefined when it is absent or empty
   */
  integer(name: string, limits: { min: number; max: number }): number | undefined {
    const value = this.text(name);
    if (value === undefined || value === '') return undefined;
    const number = /^[+-]?\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= limits.min && number <= limits.max) return number;
    throw new InvalidError(
      `invalid value for ${name}: ${JSON.stringify(value)} is not a whole number from ${limits.min} to ${limits.max}`,
    );
  }

  /**
   * A moment, not rounded.
   * @returns nanoseconds since 1970, undefined when it is absent or empty; 0 is the beginning
   */
  nanoseconds(name: string): bigint | undefined {
    const moment = this.#moment(name);
    return moment === undefined ? undefined : toNanoseconds(moment);
  }

  /**
   * A moment: seconds since 1970 with an optional fraction, or RFC 3339.
   * @returns seconds, undefined when it is absent, empty or `0` (docker's "not set")
   */
  time(name: string): number | undefined {
    const moment = this.#moment(name);
    return moment === undefined || moment === '0' ? undefined : Number(moment);
  }

  /** An age means nothing here: the client's clock is another. */
  #moment(name: string): string | undefined {
    const value = this.text(name);
    if (value === undefined || value === '') return undefined;
    const isAge = /[a-zµμ]$/.test(value);
    const moment = /^\d/.test(value) && !isAge ? parseMoment(value) : undefined;
    if (moment !== undefined && moment.length < 24) return moment;
    throw new InvalidError(
      `invalid value for ${name}: ${JSON.stringify(value)} is neither a unix time in seconds nor RFC 3339`,
    );
  }
}
