/**
 * Pax extended headers: records of `LENGTH KEY=VALUE\n`, LENGTH counting the whole record. Values are
 * bytes: paths and attributes need not be UTF-8.
 *
 * pax(1p) "pax Header Block"; SCHILY.xattr.* is star's, and what docker and Go write.
 */
import { InvalidError } from '../../errors/errors.ts';
import type { SparseRecords } from './sparse.ts';

export type PaxRecords = Map<string, Buffer>;

/** What pax records change in the entry they belong to. */
export interface PaxFields {
  path?: Buffer;
  linkPath?: Buffer;
  size?: number;
  uid?: number;
  gid?: number;
  mtime?: { seconds: number; nanoseconds: number };
  xattrs: Map<string, Buffer>;
  /** Of a sparse file. */
  sparse?: SparseRecords;
}

const xattrPrefix = 'SCHILY.xattr.';
const sparsePrefix = 'GNU.sparse.';

/** @throws InvalidError when a record is malformed or a key comes twice */
export function parsePax(data: Buffer): PaxRecords {
  const records: PaxRecords = new Map();
  for (let at = 0; at < data.length; ) {
    const { key, value, end } = parseRecord(data, at);
    if (records.has(key)) throw invalid(`the key ${key} comes twice`);
    records.set(key, value);
    at = end;
  }
  return records;
}

/** @throws InvalidError for values that are no number */
export function paxFields(records: PaxRecords): PaxFields {
  const fields: PaxFields = { xattrs: new Map() };
  for (const [key, value] of records) {
    if (key === 'path') fields.path = withoutNul(key, value);
    else if (key === 'linkpath') fields.linkPath = withoutNul(key, value);
    else if (key === 'size' || key === 'uid' || key === 'gid') fields[key] = decimal(key, value);
    else if (key === 'mtime') fields.mtime = parseTime(value);
    else if (key.startsWith(xattrPrefix)) fields.xattrs.set(key.slice(xattrPrefix.length), value);
    else if (key.startsWith(sparsePrefix)) {
      fields.sparse ??= new Map();
      fields.sparse.set(key.slice(sparsePrefix.length), value);
    }
  }
  return fields;
}

/**
 * A global header speaks of all entries after it. Readers disagree on whether it counts, so one that would
 * change an entry is refused; git's (a comment) passes.
 */
export function assertHarmlessGlobal(records: PaxRecords): void {
  for (const key of records.keys())
    if (/^(path|linkpath|size|uid|gid|uname|gname|mtime|hdrcharset|SCHILY\.|GNU\.)/.test(key))
      throw new InvalidError(`invalid archive: global pax header with the key ${key}`);
}

function parseRecord(data: Buffer, at: number): { key: string; value: Buffer; end: number } {
  const space = data.indexOf(0x20, at);
  const digits = space < 0 || space - at > 10 ? '' : data.toString('latin1', at, space);
  const end = at + (/^[1-9][0-9]*$/.test(digits) ? Number(digits) : 0);
  if (end <= space + 1 || end > data.length || data[end - 1] !== 0x0a)
    throw invalid('a record has a wrong length');
  const equals = data.indexOf(0x3d, space);
  if (equals <= space + 1 || equals >= end) throw invalid('a record has no key');
  const key = data.toString('utf8', space + 1, equals);
  if (key.includes('\0')) throw invalid('a key contains NUL');
  return { key, value: Buffer.from(data.subarray(equals + 1, end - 1)), end };
}

function withoutNul(key: string, value: Buffer): Buffer {
  if (value.includes(0) || value.length === 0) throw invalid(`${key} is empty or contains NUL`);
  return value;
}

function decimal(key: string, value: Buffer): number {
  const number = /^[0-9]{1,16}$/.test(value.toString('latin1')) ? Number(value.toString()) : -1;
  if (!Number.isSafeInteger(number) || number < 0)
    throw invalid(`${key} is not a number it can be`);
  return number;
}

/** `-12.5` is 12.5 seconds before 1970: -13 s and 500,000,000 ns. */
function parseTime(value: Buffer): { seconds: number; nanoseconds: number } {
  const match = /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(value.toString('latin1'));
  if (!match) throw invalid('mtime is not a time');
  const whole = Number(match[2]);
  const fraction = Number((match[3] ?? '').slice(0, 9).padEnd(9, '0'));
  if (match[1] === '') return { seconds: whole, nanoseconds: fraction };
  return fraction === 0
    ? { seconds: -whole, nanoseconds: 0 }
    : { seconds: -whole - 1, nanoseconds: 1_000_000_000 - fraction };
}

function invalid(what: string): InvalidError {
  return new InvalidError(`invalid archive: pax header: ${what}`);
}
