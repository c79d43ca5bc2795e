/** Builds tar archives for tests, right ones and wrong ones: every field can be given as raw bytes. */

export interface Fields {
  name: string | Buffer;
  type?: string;
  /** A string is put into the field as it is. */
  mode?: number | string;
  uid?: number | string;
  gid?: number | string;
  size?: number | string | Buffer;
  mtime?: number | string | Buffer;
  linkName?: string | Buffer;
  devMajor?: number;
  devMinor?: number;
  /** Default `ustar\0` and `00`. */
  magic?: string;
  prefix?: string;
  checksum?: string;
  body?: string | Buffer;
}

/** One entry: header, body and padding. */
export function entry(fields: Fields): Buffer {
  const body = Buffer.from(fields.body ?? '');
  return Buffer.concat([header(fields, body.length), body, Buffer.alloc(-body.length & 511)]);
}

/** An entry that pax records precede. */
export function withPax(records: Record<string, string | Buffer>, fields: Fields): Buffer {
  return Buffer.concat([pax(records), entry(fields)]);
}

export function pax(records: Record<string, string | Buffer>, type = 'x'): Buffer {
  return entry({ name: 'pax', type, body: paxBody(records) });
}

export function paxBody(records: Record<string, string | Buffer>): Buffer {
  return Buffer.concat(
    Object.entries(records).map(([key, value]) => {
      const rest = Buffer.concat([
        Buffer.from(` ${key}=`),
        Buffer.from(value as string),
        Buffer.from('\n'),
      ]);
      let length = rest.length;
      while (String(length).length + rest.length !== length)
        length = String(length).length + rest.length;
      return Buffer.concat([Buffer.from(String(length)), rest]);
    }),
  );
}

/** The entries with the two blocks of zeros that end an archive. */
export function archive(...entries: Buffer[]): Buffer {
  return Buffer.concat([...entries, Buffer.alloc(1024)]);
}

/** The bytes in chunks of `size`. */
export async function* chunks(bytes: Buffer, size = 4096): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

function header(fields: Fields, bodyLength: number): Buffer {
  const block = Buffer.alloc(512);
  const put = (value: string | Buffer, at: number, length: number) =>
    Buffer.from(value as string).copy(block, at, 0, length);
  const octal = (value: number | string | Buffer, at: number, length: number) =>
    put(
      typeof value === 'number' ? value.toString(8).padStart(length - 1, '0') : value,
      at,
      length,
    );
  put(fields.name, 0, 100);
  octal(fields.mode ?? 0o644, 100, 8);
  octal(fields.uid ?? 0, 108, 8);
  octal(fields.gid ?? 0, 116, 8);
  octal(fields.size ?? bodyLength, 124, 12);
  octal(fields.mtime ?? 1_700_000_000, 136, 12);
  put(fields.type ?? '0', 156, 1);
  put(fields.linkName ?? '', 157, 100);
  put(fields.magic ?? 'ustar\x0000', 257, 8);
  octal(fields.devMajor ?? 0, 329, 8);
  octal(fields.devMinor ?? 0, 337, 8);
  put(fields.prefix ?? '', 345, 155);
  put(fields.checksum ?? checksum(block), 148, 8);
  return block;
}

function checksum(block: Buffer): string {
  const sum = block.reduce((total, byte) => total + byte, 8 * 0x20);
  return `${sum.toString(8).padStart(6, '0')}\0 `;
}
