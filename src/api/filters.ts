/**
 * The `filters` parameter in both its forms: `{"status":{"exited":true}}` of the API's first years and
 * `{"status":["exited"]}`.
 */
import { InvalidError } from '../errors/errors.ts';
import type { Query } from './query.ts';
import { parseJson } from './strict-json.ts';

export class Filters {
  readonly #values = new Map<string, string[]>();

  /**
   * @param allowed names a client may use
   * @throws InvalidError for an unknown name, or anything that is not of the two forms
   */
  constructor(query: Query, allowed: readonly string[]) {
    const text = query.text('filters');
    if (!text) return;
    const parsed = parseJson(Buffer.from(text));
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
      throw new InvalidError('invalid filter: filters must be a JSON object');
    for (const [name, values] of Object.entries(parsed)) {
      if (!allowed.includes(name)) throw new InvalidError(`invalid filter '${name}'`);
      this.#values.set(name, valuesOf(name, values));
    }
  }

  values(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** No such filter, or one of its values fits. */
  accepts(name: string, fits: (value: string) => boolean): boolean {
    const values = this.values(name);
    return values.length === 0 || values.some(fits);
  }

  /** Every value fits: docker's rule for labels. */
  acceptsAll(name: string, fits: (value: string) => boolean): boolean {
    return this.values(name).every(fits);
  }

  /** @throws InvalidError when a value is not one of those */
  assertValues(name: string, allowed: readonly string[]): void {
    for (const value of this.values(name))
      if (!allowed.includes(value)) throw new InvalidError(`invalid filter '${name}=${value}'`);
  }

  /** Undefined without the filter; `true`, `1`, `false`, `0` otherwise. */
  flag(name: string): boolean | undefined {
    this.assertValues(name, ['true', '1', 'false', '0']);
    const [value] = this.values(name);
    return value === undefined ? undefined : value === 'true' || value === '1';
  }
}

/** Does `KEY` or `KEY=VALUE` fit these labels? */
export function fitsLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const at = wanted.indexOf('=');
  const key = at < 0 ? wanted : wanted.slice(0, at);
  if (!Object.hasOwn(labels, key)) return false;
  return at < 0 || labels[key] === wanted.slice(at + 1);
}

function valuesOf(name: string, values: unknown): string[] {
  if (Array.isArray(values) && values.every((value) => typeof value === 'string')) return values;
  const isMap = typeof values === 'object' && values !== null && !Array.isArray(values);
  if (isMap && Object.values(values).every((value) => typeof value === 'boolean'))
    return Object.keys(values).filter((key) => (values as Record<string, boolean>)[key]);
  throw new InvalidError(
    `invalid filter '${name}': its values must be a list of strings or a map to true`,
  );
}
