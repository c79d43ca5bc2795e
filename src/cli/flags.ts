/**
 * Flags as docker's own command line takes them (the rules of Go's pflag): `--name=x`, `--name x`,
 * `--rm=false`, `-it`, `-eA=b`, `-e=A=b`, `-e A=b`; a value may begin with a dash. `canonical` rewrites
 * all of these to `--name=value` and `--switch`, the forms commander takes without doubt.
 */
import { UsageError } from './errors.ts';

export interface FlagSpec {
  readonly long: string;
  readonly short?: string;
  /** What the value is called in the help; a flag without it is a switch. */
  readonly value?: string;
  /** It may be given several times. */
  readonly list?: boolean;
  /** One value may be several (docker's `strings`): `parse` makes a list. */
  readonly splits?: boolean;
  /** It is another name of this flag. */
  readonly sameAs?: string;
  /** The value's meaning when the flag is given without one, e.g. `--explain`. */
  readonly bare?: string;
  readonly text: string;
  /** Checks and converts; throws Error with the reason. */
  readonly parse?: (text: string) => unknown;
  readonly hidden?: boolean;
}

/** Exit code of a wrong flag, docker's for every command. */
export const flagErrorCode = 125;

export interface Canonical {
  readonly flags: string[];
  readonly operands: string[];
}

/**
 * @param isInterspersed false: flags end at the first operand, as `run` needs it
 * @throws UsageError with docker's words
 */
export function canonical(
  args: readonly string[],
  specs: readonly FlagSpec[],
  isInterspersed: boolean,
): Canonical {
  const flags: string[] = [];
  const operands: string[] = [];
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--') return { flags, operands: [...operands, ...rest] };
    if (arg.startsWith('--')) flags.push(longFlag(arg, rest, specs));
    else if (arg.startsWith('-') && arg !== '-') flags.push(...shortFlags(arg, rest, specs));
    else operands.push(arg);
    if (operands.length > 0 && !isInterspersed) return { flags, operands: [...operands, ...rest] };
  }
  return { flags, operands };
}

function longFlag(arg: string, rest: string[], specs: readonly FlagSpec[]): string {
  const [, name = '', value] = /^--([^=]*)(?:=([\s\S]*))?$/.exec(arg) ?? [];
  if (name === 'help') return '--help';
  const spec = specs.find((candidate) => candidate.long === name);
  if (!spec) throw new UsageError(`unknown flag: --${name}`, flagErrorCode);
  if (value !== undefined) return withValue(spec, value);
  if (!spec.value || spec.bare !== undefined) return bare(spec);
  return withValue(spec, nextOf(rest, `flag needs an argument: --${name}`));
}

/** `-it`, `-eA=b`, `-m=1g`: switches may be joined, the first that takes a value takes the rest. */
function shortFlags(arg: string, rest: string[], specs: readonly FlagSpec[]): string[] {
  const flags: string[] = [];
  for (let i = 1; i < arg.length; i++) {
    const letter = arg[i] ?? '';
    const spec = specs.find((candidate) => candidate.short === letter);
    if (!spec) throw unknownShort(letter, arg);
    const following = arg.slice(i + 1);
    if (following.startsWith('=')) return [...flags, withValue(spec, following.slice(1))];
    if (!spec.value) {
      flags.push(bare(spec));
      continue;
    }
    const value = following || nextOf(rest, `flag needs an argument: '${letter}' in ${arg}`);
    return [...flags, withValue(spec, value)];
  }
  return flags;
}

function unknownShort(letter: string, arg: string): UsageError {
  return new UsageError(`unknown shorthand flag: '${letter}' in ${arg}`, flagErrorCode);
}

function nextOf(rest: string[], complaint: string): string {
  const next = rest.shift();
  if (next === undefined) throw new UsageError(complaint, flagErrorCode);
  return next;
}

function bare(spec: FlagSpec): string {
  return spec.value ? `--${spec.long}=${spec.bare}` : `--${spec.long}=true`;
}

function withValue(spec: FlagSpec, value: string): string {
  return `--${spec.long}=${value}`;
}

/** Converts a flag's text, and names the flag when it is wrong. @throws UsageError */
export function parseValue(spec: FlagSpec, text: string): unknown {
  try {
    if (!spec.value) return parseBoolean(text);
    return spec.parse ? spec.parse(text) : text;
  } catch (error) {
    const label = spec.short ? `-${spec.short}, --${spec.long}` : `--${spec.long}`;
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      `invalid argument ${JSON.stringify(text)} for "${label}" flag: ${reason}`,
      flagErrorCode,
    );
  }
}

/** What a flag's text comes to, with what was given before it. @throws UsageError */
export function addValue(values: Map<string, unknown>, spec: FlagSpec, text: string): unknown {
  const name = spec.sameAs ?? spec.long;
  const value = parseValue(spec, text);
  const former = (values.get(name) as unknown[] | undefined) ?? [];
  values.set(name, spec.list ? former.concat(spec.splits ? value : [value]) : value);
  return value;
}

/** Go's strconv.ParseBool. */
function parseBoolean(text: string): boolean {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) return false;
  throw new Error(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/** Go's strconv.ParseInt in base 10. */
export function parseInteger(text: string): number {
  if (!/^[+-]?\d+$/.test(text))
    throw new Error(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  const value = Number(text);
  if (!Number.isSafeInteger(value))
    throw new Error(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`);
  return value;
}

/** The flags a command was given, by their long names. */
export class Flags {
  constructor(private readonly values: ReadonlyMap<string, unknown>) {}

  has(long: string): boolean {
    return this.values.has(long);
  }
  switch(long: string, otherwise = false): boolean {
    return (this.values.get(long) as boolean | undefined) ?? otherwise;
  }
  text(long: string): string | undefined {
    return this.values.get(long) as string | undefined;
  }
  number(long: string): number | undefined {
    return this.values.get(long) as number | undefined;
  }
  list<T = string>(long: string): T[] {
    return (this.values.get(long) as T[] | undefined) ?? [];
  }
}
