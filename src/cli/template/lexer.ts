/** Cuts a Go template into text and the tokens between `{{` and `}}`. https://pkg.go.dev/text/template */

export type TokenKind =
  | 'string'
  | 'number'
  | 'field'
  | 'variable'
  | 'word'
  | 'symbol'
  /** A field written directly after a field, a variable or `)`: `.A.B`, `$x.B`, `(index .A 0).B`. */
  | 'chain';

export interface Token {
  readonly kind: TokenKind;
  /** Strings are unquoted already; fields and variables carry their mark: `.Names`, `$x`. */
  readonly text: string;
}

export type Segment =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly tokens: Token[] };

export class TemplateError extends Error {}

/** @throws TemplateError */
export function cut(source: string): Segment[] {
  const segments: Segment[] = [];
  let position = 0;
  let trimsNext = false;
  while (position <= source.length) {
    const open = source.indexOf('{{', position);
    let text = source.slice(position, open < 0 ? source.length : open);
    if (trimsNext) text = text.trimStart();
    const trimsBefore = open >= 0 && /^\{\{-\s/.test(source.slice(open, open + 4));
    if (trimsBefore) text = text.trimEnd();
    if (text) segments.push({ kind: 'text', text });
    if (open < 0) break;
    const start = open + (trimsBefore ? 3 : 2);
    const { tokens, end, trimsAfter } = readAction(source, start);
    if (tokens) segments.push({ kind: 'action', tokens });
    position = end;
    trimsNext = trimsAfter;
  }
  return segments;
}

interface Action {
  /** Undefined for a comment. */
  tokens?: Token[];
  end: number;
  trimsAfter: boolean;
}

function readAction(source: string, start: number): Action {
  const comment = /^\s*\/\*[\s\S]*?\*\/(\s-)?\}\}/.exec(source.slice(start));
  if (comment) return { end: start + comment[0].length, trimsAfter: comment[1] !== undefined };
  const tokens: Token[] = [];
  let position = start;
  let isAdjacent = false;
  while (position < source.length) {
    const close = /^(\s-)?\}\}/.exec(source.slice(position));
    if (close)
      return { tokens, end: position + close[0].length, trimsAfter: close[1] !== undefined };
    const blank = /^\s+/.exec(source.slice(position));
    if (blank && !/^\s+-\}\}/.test(source.slice(position))) {
      position += blank[0].length;
      isAdjacent = false;
      continue;
    }
    const { token, length } = readToken(source.slice(position), isAdjacent && endsValue(tokens));
    tokens.push(token);
    position += length;
    isAdjacent = true;
  }
  throw new TemplateError('unclosed action');
}

const patterns: readonly [TokenKind, RegExp][] = [
  ['string', /^"(?:[^"\\\n]|\\.)*"/],
  ['string', /^`[^`]*`/],
  ['string', /^'(?:[^'\\\n]|\\.)+'/],
  ['number', /^[+-]?(?:0[xX][0-9a-fA-F_]+|\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)/],
  ['variable', /^\$[A-Za-z0-9_]*/],
  ['field', /^\.[A-Za-z_][A-Za-z0-9_]*/],
  ['word', /^[A-Za-z_][A-Za-z0-9_]*/],
  ['symbol', /^(?::=|[.|(),=])/],
];

function endsValue(tokens: readonly Token[]): boolean {
  const last = tokens.at(-1);
  if (last?.kind === 'symbol') return last.text === ')';
  return last?.kind === 'field' || last?.kind === 'variable' || last?.kind === 'chain';
}

/** @param follows the token stands directly after a value that may have fields */
function readToken(rest: string, follows: boolean): { token: Token; length: number } {
  for (const [kind, pattern] of patterns) {
    const [text] = pattern.exec(rest) ?? [];
    if (text === undefined) continue;
    if (kind === 'string') return { token: { kind, text: unquote(text) }, length: text.length };
    const isChain = kind === 'field' && follows;
    return { token: { kind: isChain ? 'chain' : kind, text }, length: text.length };
  }
  throw new TemplateError(
    /^["'`]/.test(rest)
      ? 'unterminated quoted string'
      : `unexpected ${JSON.stringify(rest[0])} in an action`,
  );
}

const escapes: Record<string, string> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
};

function unquote(text: string): string {
  const inner = text.slice(1, -1);
  if (text.startsWith('`')) return inner;
  return inner.replace(
    /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))/g,
    (_match, hex?: string, unicode?: string, letter?: string) =>
      letter === undefined
        ? String.fromCharCode(Number.parseInt(hex ?? unicode ?? '0', 16))
        : Object.hasOwn(escapes, letter)
          ? (escapes[letter] ?? letter)
          : letter,
  );
}
