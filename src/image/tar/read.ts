/**
 * A streaming tar reader that keeps bytes as bytes.
 *
 * Contract
 * - Yields each file entry once, in order; its body must be read before the next entry is asked for,
 *   what is not read is skipped.
 * - Pax and GNU long headers apply to the next file entry and to nothing else; pax wins.
 * - Everything ambiguous is an InvalidError. Nothing is kept in memory but one header.
 *
 * tar(5), pax(1p)
 */
import { InvalidError } from '../../errors/errors.ts';
import { ByteReader } from './bytes.ts';
import { blockSize, type Header, isZeroBlock, parseHeader, text } from './header.ts';
import { defaultLimits, exceeded, type TarLimits } from './limits.ts';
import { assertHarmlessGlobal, type PaxFields, parsePax, paxFields } from './pax.ts';
import {
  assertStored,
  hasOldMap,
  readOldSparse,
  readPaxSparse,
  type Segment,
  type Sparse,
} from './sparse.ts';

export type EntryType = 'file' | 'link' | 'symlink' | 'char' | 'block' | 'directory' | 'fifo';

export interface TarEntry {
  /** As the archive has it, bytes. */
  path: Buffer;
  type: EntryType;
  /** Permission, setuid, setgid and sticky bits. */
  mode: number;
  uid: number;
  gid: number;
  /** Bytes of the file, of a sparse one with its holes; 0 for all but files. */
  size: number;
  /** Of a sparse file: where the bytes of the body belong, one segment after the other. */
  segments?: readonly Segment[] | undefined;
  mtime: { seconds: number; nanoseconds: number };
  /** Target of a link or symlink, bytes. */
  linkPath: Buffer;
  devMajor: number;
  devMinor: number;
  xattrs: Map<string, Buffer>;
  /** The body in chunks; valid until the next entry is asked for. */
  body(): AsyncGenerator<Buffer>;
}

interface Pending {
  pax?: PaxFields;
  longName?: Buffer;
  longLink?: Buffer;
}

const types: Record<string, EntryType> = {
  '0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
};

/**
 * @param source the uncompressed archive; read to its end
 * @throws InvalidError for anything malformed, ambiguous, cut off or beyond a limit
 */
export async function* readTar(
  source: AsyncIterable<Buffer>,
  limits: TarLimits = defaultLimits,
): AsyncGenerator<TarEntry> {
  const reader = new ByteReader(source, limits);
  try {
    for (let count = 1; ; count++) {
      if (count > limits.entries) throw exceeded('entries', limits, 'number of entries');
      const next = await nextEntry(reader, limits);
      if (!next) break;
      yield next.entry;
      await next.finish();
    }
    await reader.drain();
  } finally {
    await reader.close();
  }
}

async function nextEntry(reader: ByteReader, limits: TarLimits) {
  const pending: Pending = {};
  for (;;) {
    const offset = reader.offset;
    const block = await nextBlock(reader);
    if (!block) {
      if (Object.keys(pending).length > 0)
        throw new InvalidError('invalid archive: it ends with a header that belongs to no entry');
      return undefined;
    }
    const header = parseHeader(block, offset);
    if (!'xgLK'.includes(header.type)) {
      const sparse = await readSparse(block, header, pending, reader, limits);
      const storedBytes = pending.pax?.size ?? header.size;
      if (sparse) assertStored(sparse, storedBytes);
      return withBody(reader, toEntry(header, pending, sparse, limits), storedBytes, sparse);
    }
    await readExtension(reader, header, pending, limits);
  }
}

/** The next header block; undefined at the end of the archive, which is marked by a block of zeros. */
async function nextBlock(reader: ByteReader): Promise<Buffer | undefined> {
  const block = await reader.read(blockSize);
  if (!isZeroBlock(block)) return block;
  const second = await reader.readOrEnd(blockSize);
  if (second && !isZeroBlock(second))
    throw new InvalidError(`invalid archive: a lone block of zeros at byte ${reader.offset}`);
  return undefined;
}

async function readExtension(
  reader: ByteReader,
  header: Header,
  pending: Pending,
  limits: TarLimits,
): Promise<void> {
  if (header.size > limits.headerBytes) throw exceeded('headerBytes', limits, 'an extended header');
  const data = await reader.read(header.size);
  await reader.skip(padding(header.size));
  if (header.type === 'g') return assertHarmlessGlobal(parsePax(data));
  const field = ({ x: 'pax', L: 'longName', K: 'longLink' } as const)[
    header.type as 'x' | 'L' | 'K'
  ];
  if (pending[field])
    throw new InvalidError(`invalid archive: two headers of type ${header.type} for one entry`);
  if (field === 'pax') pending.pax = paxFields(parsePax(data));
  else pending[field] = longName(data);
}

/** Readers disagree on a NUL in the middle, and on a name that none ends: there is one, at the end. */
function longName(data: Buffer): Buffer {
  const name = text(data);
  const rest = data.subarray(name.length);
  if (name.length > 0 && rest.length > 0 && rest.every((byte) => byte === 0)) return name;
  throw new InvalidError('invalid archive: a GNU long name is empty, or NUL is not its end');
}

async function readSparse(
  block: Buffer,
  { type, dialect }: Header,
  { pax }: Pending,
  reader: ByteReader,
  limits: TarLimits,
): Promise<Sparse | undefined> {
  const isSparse = type === 'S' || pax?.sparse || (dialect === 'gnu' && hasOldMap(block));
  if (!isSparse) return undefined;
  const isPax = block[156] === 0x30 && dialect === 'ustar' && pax?.sparse;
  const isOld = type === 'S' && dialect === 'gnu' && !pax?.sparse;
  if (isOld) return await readOldSparse(block, reader, limits);
  if (!isPax)
    throw new InvalidError(
      `invalid archive: a map of holes for the type ${type} in a header of ${dialect}`,
    );
  return await readPaxSparse(isPax, reader, limits);
}

function toEntry(
  header: Header,
  pending: Pending,
  sparse: Sparse | undefined,
  limits: TarLimits,
): Omit<TarEntry, 'body'> {
  const pax = pending.pax;
  const named = sparse?.name ?? pax?.path ?? pending.longName ?? header.name;
  const path = checkedName(named, limits);
  const linkPath = pax?.linkPath ?? pending.longLink ?? header.linkName;
  const size = sparse?.realSize ?? pax?.size ?? header.size;
  const type = typeOf(header, path, size);
  if (linkPath.length === 0 && (type === 'link' || type === 'symlink'))
    throw new InvalidError(`invalid archive: entry ${path} is a link to nothing`);
  return {
    path,
    type,
    mode: header.mode,
    uid: identity(pax?.uid ?? header.uid, path),
    gid: identity(pax?.gid ?? header.gid, path),
    size: checkedSize(size, path, limits),
    segments: sparse?.segments,
    mtime: pax?.mtime ?? { seconds: header.mtime, nanoseconds: 0 },
    linkPath: checkedPath(linkPath, limits),
    devMajor: header.devMajor,
    devMinor: header.devMinor,
    xattrs: pax?.xattrs ?? new Map(),
  };
}

/** V7 has no directories but files whose name ends in a slash. */
function typeOf(header: Header, path: Buffer, size: number): EntryType {
  const type = types[header.type];
  if (!type)
    throw new InvalidError(
      `invalid archive: entry ${path} has the unsupported type ${JSON.stringify(header.type)}`,
    );
  const isOldDirectory = type === 'file' && path.at(-1) === 0x2f;
  if (isOldDirectory && header.type === '7')
    throw new InvalidError(
      `invalid archive: entry ${path} is a file by its type, a folder by name`,
    );
  if (size > 0 && (type !== 'file' || isOldDirectory))
    throw new InvalidError(`invalid archive: entry ${path} is no file but has a size`);
  return isOldDirectory ? 'directory' : type;
}

/** Uids and gids are 32 bits, and -1 means "leave it" to chown(2). */
function identity(id: number, path: Buffer): number {
  if (id < 0xffffffff) return id;
  throw new InvalidError(`invalid archive: entry ${path} has the owner ${id}, beyond 32 bits`);
}

function checkedSize(size: number, path: Buffer, limits: TarLimits): number {
  if (size > limits.archiveBytes) throw exceeded('archiveBytes', limits, `size of ${path}`);
  return size;
}

/** Readers disagree on whether an entry without a name is one. */
function checkedName(path: Buffer, limits: TarLimits): Buffer {
  if (path.length === 0) throw new InvalidError('invalid archive: an entry has no name');
  return checkedPath(path, limits);
}

function checkedPath(path: Buffer, limits: TarLimits): Buffer {
  if (path.length > limits.pathBytes) throw exceeded('pathBytes', limits, 'a path');
  return path;
}

/** Adds the body, and `finish`, which skips what of it was not read. */
function withBody(
  reader: ByteReader,
  entry: Omit<TarEntry, 'body'>,
  storedBytes: number,
  sparse: Sparse | undefined,
) {
  let left = storedBytes - (sparse?.mapBytes ?? 0);
  async function* body(): AsyncGenerator<Buffer> {
    while (left > 0) {
      const chunk = await reader.readSome(left);
      left -= chunk.length;
      yield chunk;
    }
  }
  const finish = async () => {
    await reader.skip(left + padding(storedBytes));
    left = 0;
  };
  return { entry: { ...entry, body }, finish };
}

function padding(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize;
}
