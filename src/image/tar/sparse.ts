/**
 * Sparse files: an archive that leaves their holes out says where the bytes it has belong. GNU's old form (type `S`, the map in
 * the header and in blocks behind it), and its two in pax headers: 0.1 (the map is a record) and 1.0 (the map lies before
 * the bytes).
 *
 * GNU tar manual, "Storing Sparse Files"
 */
import { InvalidError } from '../../errors/errors.ts';
import type { ByteReader } from './bytes.ts';
import { blockSize, parseNumber } from './header.ts';
import { exceeded, type TarLimits } from './limits.ts';

/** Bytes of the file that the archive has; between two there are holes. */
export interface Segment {
  offset: number;
  length: number;
}

export interface Sparse {
  segments: Segment[];
  /** Of the file, holes and all. */
  realSize: number;
  /** Of the map, where it lies before the bytes. */
  mapBytes: number;
  /** The file's true name; the header has one for readers who know no sparse files. */
  name?: Buffer | undefined;
}

/** By key without `GNU.sparse.`. */
export type SparseRecords = Map<string, Buffer>;

const pairBytes = 24;
const segmentsMax = 100_000;

/** GNU's header has places for a map, whatever the type; some readers look there although it is not `S`. */
export function hasOldMap(block: Buffer): boolean {
  return block[386] !== 0 || block[483] !== 0;
}

/** @param block the header of type `S`. @throws InvalidError for a map that is none */
export async function readOldSparse(
  block: Buffer,
  reader: ByteReader,
  limits: TarLimits,
): Promise<Sparse> {
  const realSize = numberIn(block, 483, 12);
  const segments = pairsIn(block, 386, 4);
  for (let more = block[482] !== 0; more; ) {
    const next = await reader.read(blockSize);
    segments.push(...pairsIn(next, 0, 21));
    if (segments.length > segmentsMax) throw invalid(`it has more than ${segmentsMax} parts`);
    more = next[504] !== 0;
  }
  return checked({ segments, realSize, mapBytes: 0 }, limits);
}

/** @throws InvalidError for a map that is none, and for forms that GNU tar has not written for long */
export async function readPaxSparse(
  records: SparseRecords,
  reader: ByteReader,
  limits: TarLimits,
): Promise<Sparse> {
  const name = records.get('name');
  if (name && (name.length === 0 || name.includes(0)))
    throw invalid('its name is empty or has a NUL');
  const version = `${records.get('major') ?? '0'}.${records.get('minor') ?? '1'}`;
  if (version === '1.0') {
    const realSize = decimal(records.get('realsize'));
    return checked({ ...(await mapBeforeBytes(reader, limits)), realSize, name }, limits);
  }
  const map = records.get('map');
  if (version !== '0.1' || !map) throw invalid(`its form ${version} is not supported`);
  const segments = paired(map.toString('latin1').split(','));
  if (decimal(records.get('numblocks')) !== segments.length)
    throw invalid('its map has not as many parts as it says');
  const realSize = decimal(records.get('size'));
  return checked({ segments, realSize, mapBytes: 0, name }, limits);
}

/** Numbers, a line each, in whole blocks: how many pairs, then the pairs. */
async function mapBeforeBytes(reader: ByteReader, limits: TarLimits) {
  const lines: string[] = [];
  let rest = '';
  let mapBytes = 0;
  const wanted = () => 1 + 2 * decimal(lines[0] === undefined ? undefined : Buffer.from(lines[0]));
  do {
    rest += (await reader.read(blockSize)).toString('latin1');
    mapBytes += blockSize;
    if (mapBytes > limits.headerBytes)
      throw exceeded('headerBytes', limits, 'the map of a sparse file');
    const complete = rest.split('\n');
    rest = complete.pop() ?? '';
    lines.push(...complete);
  } while (lines.length === 0 || lines.length < wanted());
  return { segments: paired(lines.slice(1, wanted())), mapBytes };
}

function paired(numbers: readonly string[]): Segment[] {
  if (numbers.length % 2 !== 0) throw invalid('its map has an odd number of numbers');
  if (numbers.length > 2 * segmentsMax) throw invalid(`it has more than ${segmentsMax} parts`);
  const segments: Segment[] = [];
  for (let i = 0; i < numbers.length; i += 2)
    segments.push({
      offset: decimal(Buffer.from(numbers[i] ?? '')),
      length: decimal(Buffer.from(numbers[i + 1] ?? '')),
    });
  return segments;
}

/** Up to the first pair that is empty. */
function pairsIn(block: Buffer, from: number, most: number): Segment[] {
  const segments: Segment[] = [];
  for (let at = from; at < from + most * pairBytes && block[at] !== 0; at += pairBytes)
    segments.push({ offset: numberIn(block, at, 12), length: numberIn(block, at + 12, 12) });
  return segments;
}

function numberIn(block: Buffer, at: number, length: number): number {
  const value = parseNumber(block.subarray(at, at + length));
  if (value === undefined || value < 0) throw invalid('its map has something that is no number');
  return value;
}

function decimal(text: Buffer | undefined): number {
  const digits = text?.toString('latin1') ?? '';
  if (!/^[0-9]{1,15}$/.test(digits)) throw invalid('its map has something that is no number');
  return Number(digits);
}

/** In order, apart, and inside the file: no two readers can put the bytes in different places. */
function checked(sparse: Sparse, limits: TarLimits): Sparse {
  let end = 0;
  for (const { offset, length } of sparse.segments) {
    if (offset < end) throw invalid('its parts overlap or are out of order');
    end = offset + length;
  }
  if (end > sparse.realSize) throw invalid('its parts reach beyond its end');
  if (sparse.realSize > limits.archiveBytes)
    throw exceeded('archiveBytes', limits, 'size of a sparse file');
  return sparse;
}

/** @throws InvalidError when the archive does not have just the bytes that the map speaks of */
export function assertStored({ segments, mapBytes }: Sparse, storedBytes: number): void {
  const told = segments.reduce((sum, { length }) => sum + length, mapBytes);
  if (told !== storedBytes)
    throw invalid(`its map speaks of ${told} bytes, there are ${storedBytes}`);
}

function invalid(what: string): InvalidError {
  return new InvalidError(`invalid archive: a sparse file: ${what}`);
}
