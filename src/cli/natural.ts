/** The order in which docker lists names: `net2` before `net10`. Its Go library is `sortorder`. */

/** Numbers by their value, digits before everything else, fewer leading zeros first. */
export function naturalOrder(a: string, b: string): number {
  const [ours, theirs] = [chunks(a), chunks(b)];
  for (let i = 0; i < Math.min(ours.length, theirs.length); i++) {
    const order = chunkOrder(ours[i] ?? '', theirs[i] ?? '');
    if (order !== 0) return order;
  }
  return ours.length - theirs.length;
}

function chunks(text: string): string[] {
  return text.match(/\d+|\D/g) ?? [];
}

function chunkOrder(a: string, b: string): number {
  const [isNumber, otherIsNumber] = [/^\d/.test(a), /^\d/.test(b)];
  if (isNumber !== otherIsNumber) return isNumber ? -1 : 1;
  if (!isNumber) return compare(a, b);
  const [value, other] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  return value.length - other.length || compare(value, other) || a.length - b.length;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
