/**
 * The header WWW-Authenticate: one or several challenges, each a scheme with parameters whose values may be quoted.
 * RFC 9110, 11.6.1; a header may repeat, and one header may hold several challenges.
 */
export interface Challenge {
  /** Lower case: `bearer`, `basic`. */
  scheme: string;
  /** By lower-case name. */
  parameters: Record<string, string>;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const patterns = {
  separators: /[\s,]*/y,
  scheme: new RegExp(`(${token})(?=[\\s,]|$)`, 'y'),
  parameter: new RegExp(
    `(${token})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token.replace('[', '[/:@')}))`,
    'ys',
  ),
  // A single value in place of parameters, as Negotiate has it.
  token68: /[A-Za-z0-9._~+/-]+=*(?=\s*(?:,|$))/y,
};

/** @param headers every value of the header, in order. What cannot be understood ends that header, not the others */
export function parseChallenges(headers: readonly string[]): Challenge[] {
  return headers.flatMap((header) => [...challengesOf(header)]);
}

function* challengesOf(header: string): Generator<Challenge> {
  const reader = new Reader(header);
  for (;;) {
    reader.take('separators');
    const scheme = reader.take('scheme')?.[1];
    if (!scheme) return;
    yield { scheme: scheme.toLowerCase(), parameters: parametersOf(reader) };
  }
}

function parametersOf(reader: Reader): Record<string, string> {
  const parameters: Record<string, string> = Object.create(null);
  for (;;) {
    reader.take('separators');
    const found = reader.take('parameter');
    if (!found) break;
    const name = found[1]?.toLowerCase() ?? '';
    // The first of a name counts: a second cannot change what was said.
    parameters[name] ??= found[2]?.replace(/\\(.)/gs, '$1') ?? found[3] ?? '';
  }
  if (Object.keys(parameters).length === 0 && reader.isBeforeSingleValue()) reader.take('token68');
  return parameters;
}

class Reader {
  #at = 0;
  constructor(readonly text: string) {}

  take(kind: keyof typeof patterns): RegExpExecArray | undefined {
    const pattern = patterns[kind];
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text) ?? undefined;
    this.#at += found?.[0].length ?? 0;
    return found;
  }

  /** Only a space parts a scheme from its single value; after a comma comes a scheme. */
  isBeforeSingleValue(): boolean {
    return /[^,\s]\s+$/.test(this.text.slice(0, this.#at));
  }
}
