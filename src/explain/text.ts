/**
 * Text for a terminal: nothing that a container's configuration brought can steer it, and lines keep
 * to a width.
 */

export interface TextOptions {
  /** Use ANSI colours. */
  color?: boolean;
  /** Columns of the terminal; 100 when not given. */
  width?: number;
}

export const DEFAULT_WIDTH = 100;
const MIN_WIDTH = 80;

const STYLES = { bold: 1, dim: 2, red: 31, green: 32, cyan: 36 } as const;

export type Paint = (style: keyof typeof STYLES, text: string) => string;

/** A painter that leaves texts alone unless colour is wanted. */
export function painter(color = false): Paint {
  return (style, text) => (color && text ? `\x1b[${STYLES[style]}m${text}\x1b[0m` : text);
}

/** Columns to write in: as many as there are, but never so few that nothing fits. */
export function usableWidth(width = DEFAULT_WIDTH): number {
  return Math.max(MIN_WIDTH, width);
}

/** C0, DEL, C1, line and paragraph separators, and what turns the direction of writing. */
const CONTROLS = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const NAMED: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\0': '\\0',
};

/** Makes control characters visible (`\n`, `\x1b`, `\u202e`), so that none reaches the terminal. */
export function escapeControls(text: string): string {
  return text.replace(CONTROLS, (char) => NAMED[char] ?? hex(char.codePointAt(0) ?? 0));
}

function hex(code: number): string {
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** Ids and digests of 64 hex digits become their first twelve, as everywhere at the command line. */
export function shortenIds(text: string): string {
  return text.replace(/\b([0-9a-f]{12})[0-9a-f]{52}\b/g, '$1…');
}

/**
 * Breaks a text into lines of at most `width` characters. A piece that has no break inside (a long
 * path) stays whole and overhangs.
 * @param laterWidth the width of all lines but the first
 * @param at where a line may be broken; matches nothing but a position
 */
export function wrap(
  text: string,
  width: number,
  laterWidth = width,
  at: RegExp = /(?<=\s)/,
): string[] {
  const lines: string[] = [];
  let line = '';
  for (const piece of text.split(at)) {
    const room = lines.length === 0 ? width : laterWidth;
    if (line && (line + piece).trimEnd().length > room) {
      lines.push(line.trimEnd());
      line = piece.trimStart();
    } else {
      line += piece;
    }
  }
  return [...lines, line.trimEnd()];
}
