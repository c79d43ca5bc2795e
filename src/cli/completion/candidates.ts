/** What may stand next on a command line: commands, flags, or what the operand asks for. Pure. */
import type { CommandSpec } from '../command.ts';
import type { FlagSpec } from '../flags.ts';

export interface CommandTree {
  commands: readonly CommandSpec[];
  groups: Readonly<Record<string, readonly CommandSpec[]>>;
}

/** What to offer: fixed words, or names only the engine knows. */
export type Candidates =
  | { kind: 'words'; words: string[] }
  | { kind: 'containers' | 'images' | 'networks' | 'volumes' | 'files' };

const FLAG_VALUES: Readonly<Record<string, Candidates>> = {
  network: { kind: 'networks' },
  restart: { kind: 'words', words: ['no', 'always', 'unless-stopped', 'on-failure'] },
  pull: { kind: 'words', words: ['always', 'missing', 'never'] },
  type: { kind: 'words', words: ['container', 'image', 'network', 'volume'] },
  'volumes-from': { kind: 'containers' },
  signal: {
    kind: 'words',
    words: ['SIGHUP', 'SIGINT', 'SIGKILL', 'SIGTERM', 'SIGUSR1', 'SIGUSR2', 'SIGSTOP', 'SIGCONT'],
  },
};

/**
 * @param words what follows `petri`, the last one being typed (perhaps empty)
 */
export function candidates(tree: CommandTree, words: readonly string[]): Candidates {
  const current = words.at(-1) ?? '';
  const [name = '', ...rest] = words.slice(0, -1);
  if (name === '') return names(Object.keys(tree.groups), tree.commands);
  const group = tree.groups[name];
  if (!group) return within(find(tree.commands, name), rest, current);
  const [sub, ...afterSub] = rest;
  return sub === undefined ? names([], group) : within(find(group, sub), afterSub, current);
}

function names(groups: readonly string[], specs: readonly CommandSpec[]): Candidates {
  return { kind: 'words', words: [...specs.map(({ name }) => name), ...groups].sort() };
}

function find(specs: readonly CommandSpec[], name: string): CommandSpec | undefined {
  return specs.find((spec) => spec.name === name || spec.aliases?.includes(name));
}

function within(
  spec: CommandSpec | undefined,
  before: readonly string[],
  current: string,
): Candidates {
  if (!spec) return { kind: 'words', words: [] };
  const flags = spec.flags ?? [];
  const pending = valueWanted(flags, before.at(-1));
  if (pending) return FLAG_VALUES[pending.long] ?? { kind: 'files' };
  const operands = operandsIn(flags, before);
  if (spec.endsAtOperand && operands > 0) return { kind: 'files' };
  if (current.startsWith('-'))
    return {
      kind: 'words',
      words: flags.filter(({ hidden }) => !hidden).map(({ long }) => `--${long}`),
    };
  return operandKind(spec.usage, operands);
}

/** The flag that the last word is, when its value is still to come. */
function valueWanted(flags: readonly FlagSpec[], word: string | undefined): FlagSpec | undefined {
  if (!word?.startsWith('-') || word.includes('=')) return undefined;
  const flag = word.startsWith('--')
    ? flags.find(({ long }) => `--${long}` === word)
    : flags.find(({ short }) => short !== undefined && word.endsWith(short));
  return flag?.value && flag.value !== 'bool' ? flag : undefined;
}

function operandsIn(flags: readonly FlagSpec[], words: readonly string[]): number {
  return words.filter(
    (word, i) => !word.startsWith('-') && !valueWanted(flags, i > 0 ? words[i - 1] : undefined),
  ).length;
}

/** @param before operands that are there already */
function operandKind(usage: string, before: number): Candidates {
  if (/\bNETWORK CONTAINER\b/.test(usage) && before > 0) return { kind: 'containers' };
  if (/\bNETWORK\b/.test(usage)) return { kind: 'networks' };
  if (/\b(CONTAINER|NAME\|ID)\b/.test(usage)) return { kind: 'containers' };
  if (/\b(IMAGE|SOURCE_IMAGE)\b/.test(usage)) return { kind: 'images' };
  if (/\bVOLUME\b/.test(usage)) return { kind: 'volumes' };
  return { kind: 'files' };
}
