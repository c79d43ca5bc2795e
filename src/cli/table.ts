/**
 * Columns aligned as Go's text/tabwriter does with docker's settings: at least 10 wide, 3 blanks
 * between. A column ends where a line has no such cell. https://pkg.go.dev/text/tabwriter
 */
import { escapeCell } from './escape.ts';

const padding = 3;

/**
 * @param rows cells of each line, the heading first; the last cell of a line is not padded
 * @param minimum width of a column, its padding included
 */
export function formatTable(rows: readonly (readonly string[])[], minimum = 10): string {
  const lines = rows.map((row) => row.map(escapeCell));
  const widths = lines.map(() => [] as number[]);
  const columns = Math.max(0, ...lines.map((line) => line.length - 1));
  for (let column = 0; column < columns; column++) measure(lines, widths, column, minimum);
  return lines
    .map((line, i) => line.map((cell, j) => pad(cell, widths[i]?.[j] ?? 0)).join(''))
    .join('\n');
}

/** Gives each run of lines that have the column a common width. */
function measure(
  lines: readonly string[][],
  widths: number[][],
  column: number,
  minimum: number,
): void {
  let first = 0;
  while (first < lines.length) {
    let end = first;
    let width = minimum;
    for (; end < lines.length && column < (lines[end]?.length ?? 0) - 1; end++) {
      width = Math.max(width, lengthOf(lines[end]?.[column] ?? '') + padding);
    }
    for (let i = first; i < end; i++) (widths[i] as number[])[column] = width;
    first = Math.max(end, first + 1);
  }
}

function pad(cell: string, width: number): string {
  return cell + ' '.repeat(Math.max(0, width - lengthOf(cell)));
}

function lengthOf(text: string): number {
  return [...text].length;
}
