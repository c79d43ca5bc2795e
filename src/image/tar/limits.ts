/** How much an archive may ask of us. Passing one is an error that names it and its value. */
import { InvalidError } from '../../errors/errors.ts';

export interface TarLimits {
  /** Bytes of the uncompressed archive. */
  archiveBytes: number;
  /** Entries in the archive. */
  entries: number;
  /** Bytes of one pax header or GNU long name. */
  headerBytes: number;
  /** Bytes of one path or link target. */
  pathBytes: number;
  /** Components of one path. */
  pathDepth: number;
  /** Uncompressed bytes per compressed byte, looked at from `ratioFromBytes` on. */
  ratio: number;
  ratioFromBytes: number;
}

export const defaultLimits: TarLimits = {
  archiveBytes: 64 * 1024 ** 3,
  entries: 2_000_000,
  headerBytes: 1024 ** 2,
  pathBytes: 4096,
  pathDepth: 512,
  ratio: 500,
  ratioFromBytes: 1024 ** 3,
};

export function exceeded(limit: keyof TarLimits, limits: TarLimits, what: string): InvalidError {
  return new InvalidError(`invalid archive: ${what} exceeds the limit ${limit} = ${limits[limit]}`);
}
