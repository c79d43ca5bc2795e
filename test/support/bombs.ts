/** Archives that are small to send and want more than anybody has, each with the limit that stops it. */
import { gzipSync } from 'node:zlib';
import { archive, entry, pax, paxBody, withPax } from '../unit/tar-archive.ts';

const mib = 1024 ** 2;

export interface Bomb {
  name: string;
  /** The archive of a layer, compressed or not. */
  make: () => Buffer;
  /** What its refusal names. */
  limit: RegExp;
}

/** An archive's parts, compressed one by one: what is the same again costs nothing to make. RFC 1952, section 2.2 */
function gzipped(...parts: readonly (Buffer | [part: Buffer, times: number])[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const [bytes, times] = Array.isArray(part) ? part : [part, 1];
      return Array.from({ length: times }, constantly(gzipSync(bytes)));
    }),
  );
}

const constantly =
  <T>(value: T) =>
  () =>
    value;

/** The header alone: what it announces comes, or never does. */
const headerOf = (fields: Parameters<typeof entry>[0]) => entry(fields).subarray(0, 512);
const zeros = Buffer.alloc(64 * mib);
const end = Buffer.alloc(1024);

/** Frames of RFC 8878: one block of 128 KiB of the same byte for each four bytes. */
function zstdZeros(bytes: number): Buffer {
  const block = 128 * 1024;
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38]);
  const rle = Buffer.from([((block << 3) | 2) & 0xff, (block << 3) >> 8, (block << 3) >> 16, 0]);
  const last = Buffer.from(rle);
  last[0] = (last[0] ?? 0) | 1;
  const count = Math.ceil(bytes / block);
  return Buffer.concat([header, ...Array.from({ length: count - 1 }, constantly(rle)), last]);
}

const header = /exceeds the limit headerBytes = 1048576/;
const ratio = /exceeds the limit ratio = 500/;
const bytes = /exceeds the limit archiveBytes = 68719476736/;

export const bombs: readonly Bomb[] = [
  {
    name: 'zeros without end, by gzip',
    make: () => gzipped(headerOf({ name: 'zeros', size: 2 ** 32 }), [zeros, 64], end),
    limit: ratio,
  },
  {
    name: 'zeros without end, by zstd',
    make: () => zstdZeros(2 ** 32),
    limit: ratio,
  },
  {
    name: 'millions of entries',
    make: () => {
      const thousand = Buffer.concat(Array(1000).fill(entry({ name: '.wh..wh.aufs' })));
      return gzipped([thousand, 2001], end);
    },
    limit: /exceeds the limit entries = 2000000/,
  },
  {
    name: 'a pax header of 900 MB',
    make: () => gzipped(headerOf({ name: 'pax', type: 'x', size: 896 * mib }), [zeros, 14], end),
    limit: header,
  },
  {
    name: 'a GNU name of 900 MB',
    make: () => gzipped(headerOf({ name: 'L', type: 'L', size: 896 * mib }), [zeros, 14], end),
    limit: header,
  },
  {
    name: 'a pax record of two megabytes',
    make: () => archive(pax({ comment: 'x'.repeat(2 * mib) }), entry({ name: 'a' })),
    limit: header,
  },
  {
    name: 'a file of 64 TB of holes',
    make: () =>
      archive(
        withPax(
          {
            'GNU.sparse.size': String(2 ** 46),
            'GNU.sparse.numblocks': '1',
            'GNU.sparse.map': '0,0',
          },
          { name: 'holes' },
        ),
      ),
    limit: bytes,
  },
  {
    name: 'a map of holes that does not end',
    make: () => {
      const records = paxBody({
        'GNU.sparse.major': '1',
        'GNU.sparse.minor': '0',
        'GNU.sparse.realsize': '1',
      });
      const map = Buffer.from('1\n'.repeat(32 * mib));
      return gzipped(
        entry({ name: 'pax', type: 'x', body: records }),
        headerOf({ name: 'holes', size: 2 ** 32 }),
        Buffer.from('99999999\n'),
        [map, 8],
      );
    },
    limit: header,
  },
  {
    name: 'a file of a terabyte, announced',
    make: () =>
      archive(headerOf({ name: 'a', size: Buffer.from('80000000000000ff00000000', 'hex') })),
    limit: bytes,
  },
  {
    name: 'folders in folders',
    make: () => archive(withPax({ path: 'd/'.repeat(2000) }, { name: 'd' })),
    limit: /exceeds the limit pathDepth = 512/,
  },
  {
    name: 'a path of a megabyte',
    make: () => archive(withPax({ path: 'd/'.repeat(mib / 4) }, { name: 'd' })),
    limit: /exceeds the limit pathBytes = 4096/,
  },
];
