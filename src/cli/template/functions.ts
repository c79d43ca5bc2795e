/** The functions of templates: Go's own and those docker adds (json, join, split, …). */
import { TemplateError } from './lexer.ts';
import { print, printf } from './print.ts';

export type TemplateFunction = (...args: unknown[]) => unknown;

/** Go's truth: false, 0, "", nil and empty collections are not. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

export const functions: Readonly<Record<string, TemplateFunction>> = {
  json: toJson,
  join: (list, separator) => listOf(list, 'join').map(print).join(print(separator)),
  split: (text, separator) => print(text).split(print(separator)),
  upper: (text) => print(text).toUpperCase(),
  lower: (text) => print(text).toLowerCase(),
  title: (text) =>
    print(text).replace(/(^|[^\p{L}\p{N}_'])(\p{L})/gu, (match) => match.toUpperCase()),
  truncate: (text, length) => [...print(text)].slice(0, Number(length)).join(''),
  pad: (text, before, after) =>
    print(text) === '' ? '' : ' '.repeat(Number(before)) + print(text) + ' '.repeat(Number(after)),
  print: (...values) => joined(values, ''),
  println: (...values) => `${values.map(print).join(' ')}\n`,
  printf: (format, ...values) => printf(print(format), values),
  len: (value) => lengthOf(value),
  index: (value, ...keys) => keys.reduce(indexOne, value),
  slice: (value, from = 0, to = undefined) =>
    (typeof value === 'string' ? value : listOf(value, 'slice')).slice(
      Number(from),
      to === undefined ? undefined : Number(to),
    ),
  not: (value) => !isTrue(value),
  and: (...values) => values.find((value) => !isTrue(value)) ?? values.at(-1),
  or: (...values) => values.find(isTrue) ?? values.at(-1),
  eq: (value, ...others) => others.some((other) => isEqual(value, other)),
  ne: (a, b) => !isEqual(a, b),
  lt: (a, b) => compare(a, b) < 0,
  le: (a, b) => compare(a, b) <= 0,
  gt: (a, b) => compare(a, b) > 0,
  ge: (a, b) => compare(a, b) >= 0,
  // A lone surrogate cannot be written: Go has none, and the buffer makes it U+FFFD.
  urlquery: (value) => encodeURIComponent(Buffer.from(print(value)).toString()),
};

/** Fewest and most arguments, where Go insists. */
export const arity: Readonly<Record<string, readonly [number, number]>> = {
  json: [1, 1],
  join: [2, 2],
  split: [2, 2],
  upper: [1, 1],
  lower: [1, 1],
  title: [1, 1],
  truncate: [2, 2],
  pad: [3, 3],
  len: [1, 1],
  not: [1, 1],
  eq: [2, 99],
  ne: [2, 2],
  lt: [2, 2],
  le: [2, 2],
  gt: [2, 2],
  ge: [2, 2],
  and: [1, 99],
  or: [1, 99],
  printf: [1, 99],
  index: [1, 99],
};

/** What writes its own JSON (an object of a list) does it as Go's encoder: these three as escapes. */
function toJson(value: unknown): string {
  const text = JSON.stringify(value ?? null);
  const isListed = typeof value === 'object' && value !== null && 'toJSON' in value;
  return isListed ? escapeHtml(text) : text;
}

export function escapeHtml(json: string): string {
  return json.replace(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`);
}

/** Go's Sprint: a blank between two values when neither is a string. */
function joined(values: readonly unknown[], start: string): string {
  return values.reduce<string>((text, value, i) => {
    const isApart = i > 0 && typeof value !== 'string' && typeof values[i - 1] !== 'string';
    return `${text}${isApart ? ' ' : ''}${print(value)}`;
  }, start);
}

function listOf(value: unknown, name: string): unknown[] {
  if (Array.isArray(value)) return value;
  if (value === null || value === undefined) return [];
  throw new TemplateError(`${name}: expected a list, found ${typeof value}`);
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (typeof value === 'object') return Object.keys(value ?? {}).length;
  throw new TemplateError(`len of type ${typeof value}`);
}

/** A key that an object lacks is the empty string, as in Go's maps of strings. */
function indexOne(value: unknown, key: unknown): unknown {
  if (Array.isArray(value)) {
    const i = Number(key);
    if (!Number.isInteger(i) || i < 0 || i >= value.length)
      throw new TemplateError(`index out of range: ${print(key)}`);
    return value[i];
  }
  if (typeof value === 'object' && value !== null)
    return Object.hasOwn(value, print(key)) ? (value as Record<string, unknown>)[print(key)] : '';
  if (value === null || value === undefined) throw new TemplateError('index of untyped nil');
  throw new TemplateError(`cannot index item of type ${typeof value}`);
}

function isEqual(a: unknown, b: unknown): boolean {
  const isComparable = a === null || b === null || a === undefined || b === undefined;
  if (!isComparable && typeof a !== typeof b)
    throw new TemplateError('incompatible types for comparison');
  return a === b;
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  throw new TemplateError('incompatible types for comparison');
}
