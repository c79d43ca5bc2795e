/**
 * One record of comma-separated values as Go's `encoding/csv` reads it: `a,"b,c"`. Docker takes several
 * of its flags' values so. https://pkg.go.dev/encoding/csv
 */

/** A field in quotes, or one without any; then what ends it. */
const FIELD = /(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n|$)/y;

/** @throws Error with Go's words */
export function csvFields(text: string): string[] {
  const fields: string[] = [];
  FIELD.lastIndex = 0;
  for (;;) {
    const start = FIELD.lastIndex;
    const found = FIELD.exec(text);
    if (!found) throw new Error(faultAt(text, start));
    const [, quoted, plain = '', end] = found;
    fields.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end !== ',') return fields;
  }
}

/** Go counts columns in bytes, from 1. */
function faultAt(text: string, start: number): string {
  const column = (index: number): number => Buffer.byteLength(text.slice(0, index)) + 1;
  if (text[start] !== '"')
    return `parse error on line 1, column ${column(text.indexOf('"', start))}: bare " in non-quoted-field`;
  const closing = /^"(?:[^"]|"")*"/.exec(text.slice(start));
  const at = closing ? start + closing[0].length - 1 : text.length;
  return `parse error on line 1, column ${column(at)}: extraneous or missing " in quoted-field`;
}

/** Go's `pflag.StringSlice`: nothing is no value, not an empty one. */
export function stringSlice(text: string): string[] {
  return text === '' ? [] : csvFields(text);
}
