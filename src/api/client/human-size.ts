/** Sizes in docker's words (its Go library `go-units`). */

const decimal = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB'];
const binary = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB', 'ZiB', 'YiB'];

/** Bytes with three digits: `1.98MB`. */
export function humanSize(bytes: number, digits = 3): string {
  return scaled(bytes, 1000, decimal, digits);
}

/** Bytes in powers of 1024 with four digits: `23.54GiB`. */
export function bytesSize(bytes: number): string {
  return scaled(bytes, 1024, binary, 4);
}

function scaled(bytes: number, base: number, units: readonly string[], digits: number): string {
  let value = bytes;
  let i = 0;
  for (; value >= base && i < units.length - 1; i++) value /= base;
  return `${significant(value, digits)}${units[i]}`;
}

/** Go's `%.*g` for numbers from 0 to 1024: significant digits, no zeros at the end. */
function significant(value: number, digits: number): string {
  return String(Number(value.toPrecision(digits)));
}
