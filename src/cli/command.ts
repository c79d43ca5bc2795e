/**
 * A command of the command line: what it is called, what it takes, what it does. `toCommander` makes
 * the commander command of it; flags are read by `canonical` first, so that they mean what they mean
 * to docker.
 */
import { Command, Option } from 'commander';
import { UsageError } from './errors.ts';
import { addValue, canonical, type FlagSpec, Flags } from './flags.ts';
import type { Session } from './session.ts';

export interface CommandSpec {
  readonly name: string;
  /** After the name: `[OPTIONS] CONTAINER [CONTAINER...]`. */
  readonly usage: string;
  readonly summary: string;
  readonly aliases?: readonly string[];
  /** Fewest and most operands; the most is open when left out. */
  readonly operands: readonly [number, number?];
  readonly flags?: readonly FlagSpec[];
  /** Flags end at the first operand; what follows is another program's. */
  readonly endsAtOperand?: boolean;
  /** Everything after the name is an operand, flags too. */
  readonly passesAll?: boolean;
  /** @returns the exit code, 0 when nothing is returned */
  run(session: Session, operands: string[], flags: Flags): Promise<number | undefined>;
}

/** Commander with docker's reading of flags. */
export class FlagCommand extends Command {
  spec: CommandSpec | undefined;
  /** Adds the flags: only to the command that is used, as there are hundreds of them. */
  prepare: () => void = () => undefined;

  override createCommand(name?: string): FlagCommand {
    return new FlagCommand(name);
  }

  override parseOptions(args: string[]): { operands: string[]; unknown: string[] } {
    const { spec } = this;
    if (!spec) return super.parseOptions(args);
    this.prepare();
    if (spec.passesAll) return { operands: [...args], unknown: [] };
    const { flags, operands } = canonical(args, spec.flags ?? [], !spec.endsAtOperand);
    const parsed = super.parseOptions(flags);
    return { operands, unknown: parsed.unknown };
  }
}

/** Makes the commander command; the exit code is given to `done`. */
export function toCommander(
  spec: CommandSpec,
  session: Session,
  done: (code: number) => void,
): FlagCommand {
  const command = new FlagCommand(spec.name);
  command.spec = spec;
  command.usage(spec.usage).description(spec.summary).helpOption('--help', 'print usage');
  command.aliases([...(spec.aliases ?? [])]);
  command.allowExcessArguments().argument('[operands...]');
  const values = new Map<string, unknown>();
  command.prepare = () => {
    for (const flag of spec.flags ?? []) command.addOption(toOption(flag, values));
    command.prepare = () => undefined;
  };
  return command.action(async (operands: string[]) => {
    checkOperands(spec, command, operands);
    done((await spec.run(session, operands, new Flags(values))) ?? 0);
  }) as FlagCommand;
}

function toOption(flag: FlagSpec, values: Map<string, unknown>): Option {
  const names = flag.short ? `-${flag.short}, --${flag.long}` : `--${flag.long}`;
  const option = new Option(`${names} [${flag.value ?? 'bool'}]`, flag.text);
  option.hideHelp(flag.hidden ?? false);
  return option.argParser((text: string) => addValue(values, flag, text));
}

function checkOperands(spec: CommandSpec, command: Command, operands: readonly string[]): void {
  const [least, most = Number.POSITIVE_INFINITY] = spec.operands;
  if (operands.length >= least && operands.length <= most) return;
  const count = (number: number): string => `${number} argument${number === 1 ? '' : 's'}`;
  const rule =
    most === 0
      ? 'accepts no arguments'
      : least === most
        ? `requires ${count(least)}`
        : most === Number.POSITIVE_INFINITY
          ? `requires at least ${count(least)}`
          : least === 0
            ? `requires at most ${count(most)}`
            : `requires at least ${least} and at most ${count(most)}`;
  throw new UsageError(`'${fullName(command)}' ${rule}`, 1, 'operands');
}

/** `petri container ls` */
export function fullName(command: Command): string {
  return command.parent ? `${fullName(command.parent)} ${command.name()}` : command.name();
}

/**
 * Does one thing to each operand and goes on after a failure, as docker's `stop`, `rm` and others do.
 * What `act` returns is printed; errors are shown as they come.
 */
export async function forEachOperand(
  session: Session,
  operands: readonly string[],
  act: (operand: string) => Promise<string>,
): Promise<number> {
  let code = 0;
  for (const operand of operands) {
    try {
      session.print(await act(operand));
    } catch (error) {
      code = 1;
      session.complain(error);
    }
  }
  return code;
}

/** As many at a time as docker's own command. */
const atOnce = 50;

/** As `forEachOperand`, but at once: `stop` of several takes as long as the slowest. Told in the order given. */
export async function forEachOperandAtOnce(
  session: Session,
  operands: readonly string[],
  act: (operand: string) => Promise<string>,
): Promise<number> {
  let code = 0;
  for (let from = 0; from < operands.length; from += atOnce) {
    const started = operands.slice(from, from + atOnce).map(act);
    for (const one of started) one.catch(() => undefined); // told below, in its turn
    const next = started.values();
    const failed = await forEachOperand(
      session,
      operands.slice(from, from + atOnce),
      () => next.next().value as Promise<string>,
    );
    code = code || failed;
  }
  return code;
}
