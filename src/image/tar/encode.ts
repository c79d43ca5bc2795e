/**
 * One entry's tar header: ustar, with a pax header before it for what ustar cannot say (long names, large
 * numbers, nanoseconds, extended attributes). Names are bytes and stay bytes.
 *
 * pax(1p) "ustar Interchange Format", "pax Extended Header"; read back by header.ts and pax.ts
 */
import { blockSize } from './header.ts';
import type { EntryType, TarEntry } from './read.ts';

/** What is written of an entry: all but its body. */
export type TarHeader = Omit<TarEntry, 'body'>;

const typeFlags: Record<EntryType, string> = {
  file: '0',
  link: '1',
  symlink: '2',
  char: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

const nameBytes = 100;
/** Largest numbers of 7 and of 11 octal digits. */
const max7 = 0o7777777;
const max11 = 0o77777777777;

/** The header block of an entry, after a pax header if it needs one. */
export function encodeHeader(entry: TarHeader): Buffer {
  const path = withSlash(entry);
  const records = paxRecords(entry, path);
  const fields = { ...entry, path, type: typeFlags[entry.type] };
  if (records.length === 0) return block(fields);
  const body = Buffer.concat(records);
  const head = block({
    ...fields,
    path: Buffer.from('PaxHeaders'),
    linkPath: none,
    type: 'x',
    mode: 0o644,
    size: body.length,
  });
  return Buffer.concat([head, body, padding(body.length), block(fields)]);
}

/** Zeros up to the next block. */
export function padding(size: number): Buffer {
  return zeros.subarray(0, (blockSize - (size % blockSize)) % blockSize);
}

const zeros = Buffer.alloc(2 * blockSize);
const none = Buffer.alloc(0);

/** Two blocks of zeros. */
export const endOfArchive: Buffer = zeros;

function withSlash({ path, type }: TarHeader): Buffer {
  return type === 'directory' && path.at(-1) !== 0x2f ? Buffer.concat([path, slash]) : path;
}

const slash = Buffer.from('/');

function paxRecords(entry: TarHeader, path: Buffer): Buffer[] {
  const { uid, gid, size, linkPath, mtime, xattrs } = entry;
  const records: Buffer[] = [];
  const add = (key: string, value: Buffer | string | number) => records.push(record(key, value));
  const isLong = path.length > nameBytes;
  const isLongLink = linkPath.length > nameBytes;
  // A reader may take names in pax headers for UTF-8 unless it is told otherwise.
  if ((isLong && !isUtf8(path)) || (isLongLink && !isUtf8(linkPath))) add('hdrcharset', 'BINARY');
  if (isLong) add('path', path);
  if (isLongLink) add('linkpath', linkPath);
  if (uid > max7) add('uid', uid);
  if (gid > max7) add('gid', gid);
  if (size > max11) add('size', size);
  if (!fitsTime(mtime)) add('mtime', decimalTime(mtime));
  for (const [name, value] of xattrs) add(`SCHILY.xattr.${name}`, value);
  return records;
}

/** `LENGTH KEY=VALUE\n`: the length counts its own digits too. */
function record(key: string, value: Buffer | string | number): Buffer {
  const text = Buffer.isBuffer(value) ? value : Buffer.from(String(value));
  const rest = Buffer.concat([Buffer.from(` ${key}=`), text, Buffer.from('\n')]);
  let length = rest.length + 1;
  while (rest.length + String(length).length !== length) length++;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

function isUtf8(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString('utf8')).equals(bytes);
}

function fitsTime({ seconds, nanoseconds }: TarHeader['mtime']): boolean {
  return nanoseconds === 0 && seconds >= 0 && seconds <= max11;
}

/** -13 s and 500,000,000 ns are `-12.5`. */
function decimalTime({ seconds, nanoseconds }: TarHeader['mtime']): string {
  const total = BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
  const absolute = total < 0n ? -total : total;
  const fraction = String(absolute % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '');
  const whole = `${total < 0n ? '-' : ''}${absolute / 1_000_000_000n}`;
  return fraction ? `${whole}.${fraction}` : whole;
}

function block(entry: Omit<TarHeader, 'type'> & { type: string }): Buffer {
  const bytes = Buffer.alloc(blockSize);
  entry.path.copy(bytes, 0, 0, nameBytes);
  octal(bytes, entry.mode, 100, 7);
  octal(bytes, entry.uid > max7 ? 0 : entry.uid, 108, 7);
  octal(bytes, entry.gid > max7 ? 0 : entry.gid, 116, 7);
  octal(bytes, entry.size > max11 ? 0 : entry.size, 124, 11);
  octal(bytes, Math.min(Math.max(entry.mtime.seconds, 0), max11), 136, 11);
  bytes.write(entry.type, 156, 'latin1');
  entry.linkPath.copy(bytes, 157, 0, nameBytes);
  bytes.write('ustar\x0000', 257, 'latin1');
  octal(bytes, entry.devMajor, 329, 7);
  octal(bytes, entry.devMinor, 337, 7);
  const sum = bytes.reduce((total, byte) => total + byte, 8 * 0x20);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return bytes;
}

function octal(bytes: Buffer, value: number, at: number, digits: number): void {
  bytes.write(value.toString(8).padStart(digits, '0'), at, 'latin1');
}
