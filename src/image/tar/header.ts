/**
 * One 512-byte tar header: ustar, GNU and V7, strictly read. Numbers that are neither octal nor base-256,
 * negative sizes and a wrong checksum are refused, because lenient readers disagree about them and an
 * archive that two readers see differently hides something from one of them.
 *
 * tar(5), pax(1p) "ustar Interchange Format"
 */
import { InvalidError } from '../../errors/errors.ts';

export const blockSize = 512;

/** What the magic says of who wrote it; without one it is as old as V7, and one that is neither's is anybody's guess. */
export type Dialect = 'ustar' | 'gnu' | 'v7';

export interface Header {
  dialect: Dialect;
  name: Buffer;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  /** Seconds. */
  mtime: number;
  /** The type flag as a character; NUL is `0`. */
  type: string;
  linkName: Buffer;
  devMajor: number;
  devMinor: number;
}

/** @param offset where the block begins, for messages */
export function parseHeader(block: Buffer, offset: number): Header {
  const fail = (what: string) => new InvalidError(`invalid archive: ${what} at byte ${offset}`);
  const number = (field: string, from: number, to: number, mayBeNegative = false) => {
    const value = parseNumber(block.subarray(from, to));
    if (value === undefined || (value < 0 && !mayBeNegative))
      throw fail(`header field ${field} is not a number it can be`);
    return value;
  };
  if (number('checksum', 148, 156) !== checksum(block)) throw fail('wrong header checksum');
  const dialect = dialectOf(block);
  if (dialect === 'v7' && hasUstarFields(block)) throw fail('a magic that nobody writes');
  return {
    dialect,
    name: fullName(block),
    mode: number('mode', 100, 108) & 0o7777,
    uid: number('uid', 108, 116),
    gid: number('gid', 116, 124),
    size: number('size', 124, 136),
    mtime: number('mtime', 136, 148, true),
    type: String.fromCharCode(block[156] || 0x30),
    linkName: text(block.subarray(157, 257)),
    devMajor: hasUstarFields(block) ? number('devmajor', 329, 337) : 0,
    devMinor: hasUstarFields(block) ? number('devminor', 337, 345) : 0,
  };
}

export function isZeroBlock(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

/** Octal with spaces before it and spaces and NULs behind it, or GNU's base-256; undefined for anything else. */
export function parseNumber(field: Buffer): number | undefined {
  const first = field[0] ?? 0;
  if (first & 0x80) return parseBase256(field);
  const digits = /^ *([0-7]*)[ \0]*$/.exec(field.toString('latin1'))?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits || '0', 8);
}

/** Two's complement, big-endian, in all bits but the first, which marks it. */
function parseBase256(field: Buffer): number | undefined {
  let value = BigInt.asIntN(7, BigInt((field[0] ?? 0) & 0x7f));
  for (const byte of field.subarray(1)) value = (value << 8n) | BigInt(byte);
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : undefined;
}

function checksum(block: Buffer): number {
  let sum = 8 * 0x20;
  for (let i = 0; i < blockSize; i++) if (i < 148 || i >= 156) sum += block[i] ?? 0;
  return sum;
}

function dialectOf(block: Buffer): Dialect {
  const magic = block.toString('latin1', 257, 265);
  if (magic === 'ustar  \0') return 'gnu';
  return magic.startsWith('ustar\0') ? 'ustar' : 'v7';
}

function hasUstarFields(block: Buffer): boolean {
  return block.toString('latin1', 257, 262) === 'ustar';
}

/** The prefix field counts in ustar alone; GNU keeps times there, and star has a shorter one. */
function fullName(block: Buffer): Buffer {
  const name = text(block.subarray(0, 100));
  if (dialectOf(block) !== 'ustar') return name;
  const isStar = block.toString('latin1', 508, 512) === 'tar\0';
  const prefix = text(block.subarray(345, isStar ? 476 : 500));
  return prefix.length > 0 ? Buffer.concat([prefix, Buffer.from('/'), name]) : name;
}

/** Up to the first NUL, copied: the block it lies in is reused by the stream. */
export function text(field: Buffer): Buffer {
  const end = field.indexOf(0);
  return Buffer.from(end < 0 ? field : field.subarray(0, end));
}
