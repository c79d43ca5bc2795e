/** An error at the end of a command: what is said, and the exit code. */
import { type Command, CommanderError } from 'commander';
import { fullName } from './command.ts';
import { CommandError, UsageError } from './errors.ts';
import { flagErrorCode } from './flags.ts';
import type { Session } from './session.ts';

/** @returns the exit code */
export function report(error: unknown, program: Command, session: Session): number {
  if (error instanceof CommanderError) return commanderCode(error, program, session);
  if (error instanceof UsageError) return reportUsage(error, program, session);
  if (error instanceof CommandError) {
    if (error.message) session.complain(error);
    return error.code;
  }
  session.complain(error);
  return 1;
}

/** Help and version are no errors; the rest is a command, or a flag before it, that does not exist. */
function commanderCode(error: CommanderError, program: Command, session: Session): number {
  if (error.exitCode === 0) return 0;
  const command = chosen(program);
  if (error.code === 'commander.help') {
    session.warn(command.helpInformation().trimEnd()); // no subcommand was given
    return 0;
  }
  const name = fullName(command);
  const help = `Run '${name} --help' for more information`;
  if (error.code === 'commander.unknownOption') return unknownFlag(error, program, session);
  if (error.code === 'commander.unknownCommand') {
    const [, word] = /'(.*)'/.exec(error.message) ?? [];
    const usage = command.parent ? `Usage:  ${name}\n\n` : '';
    session.warn(`petri: unknown command: ${name} ${word}\n\n${usage}${help}`);
    return 1;
  }
  session.warn(
    `petri: ${error.message.replace(/^error: /, '')}\n\nRun 'petri --help' for more information`,
  );
  return 1;
}

function unknownFlag({ message }: CommanderError, program: Command, session: Session): number {
  const words = process.argv.slice(2);
  const command = chosen(
    program,
    words.slice(
      0,
      words.findIndex((word) => word.startsWith('-')),
    ),
  );
  const name = fullName(command);
  const [, flag = ''] = /'(.*)'/.exec(message) ?? [];
  const what = flag.startsWith('--')
    ? `unknown flag: ${flag}`
    : `unknown shorthand flag: '${flag[1]}' in ${flag}`;
  session.warn(
    `${what}\n\nUsage:  ${name} ${command.usage()}\n\nRun '${name} --help' for more information`,
  );
  return flagErrorCode;
}

function reportUsage(error: UsageError, program: Command, session: Session): number {
  const command = chosen(program);
  const name = fullName(command);
  const usage = `Usage:  ${name} ${command.usage()}`;
  const help = `'${name} --help' for more information`;
  // Docker's own three forms, their small differences included.
  const text = {
    flag: `${error.message}\n\n${usage}\n\nRun ${help}`,
    operands: `petri: ${error.message}\n\n${usage}\n\n${/at least \d+ argument/.test(error.message) ? 'See' : 'Run'} ${help}`,
    meaning: `petri: ${error.message}\n\nRun ${help}`,
  }[error.kind];
  session.warn(text);
  return error.code;
}

/** The command the words of the command line lead to. */
function chosen(program: Command, words = process.argv.slice(2)): Command {
  let command = program;
  for (const word of words) {
    const next = command.commands.find(
      (candidate) => candidate.name() === word || candidate.aliases().includes(word),
    );
    if (next) command = next;
    else if (!word.startsWith('-')) return command;
  }
  return command;
}
