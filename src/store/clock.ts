/** The time of day as records and logs write it. */

/** RFC 3339 with nanoseconds (the last six digits are zero: the clock here has milliseconds). */
export function now(): string {
  return new Date().toISOString().replace('Z', '000000Z');
}

/** Docker's "never". */
export const ZERO_TIME = '0001-01-01T00:00:00Z';

/** @param unixNs nanoseconds since 1970 */
export function fromUnixNs(unixNs: bigint): string {
  const seconds = new Date(Number(unixNs / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(unixNs % 1_000_000_000n).padStart(9, '0')}Z`;
}
