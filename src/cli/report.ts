/** An error at the end of a command: what is said, and the exit code. */
import { type Command, CommanderError } from 'commander';
import { fullName } from './command.ts';
import { CommandError, UsageError } from './errors.ts';
import type { Session } from './session.ts';

/** @returns the exit code */
export function report(error: unknown, program: Command, session: Session): number {
  if (error instanceof CommanderError) return commanderCode(error, session);
  if (error instanceof UsageError) return reportUsage(error, program, session);
  if (error instanceof CommandError) {
    if (error.message) session.complain(error);
    return error.code;
  }
  session.complain(error);
  return 1;
}

/** Help and version are no errors; the rest is a command that does not exist. */
function commanderCode(error: CommanderError, session: Session): number {
  if (error.exitCode === 0 || error.code === 'commander.help') return 0;
  session.warn(`petri: ${error.message.replace(/^error: /, '')}\n\nSee 'petri --help'.`);
  return 1;
}

function reportUsage(error: UsageError, program: Command, session: Session): number {
  const command = chosen(program);
  const name = fullName(command);
  session.warn(
    `petri: ${error.message}\n\nUsage:  ${name} ${command.usage()}\n\nSee '${name} --help'.`,
  );
  return error.code;
}

/** The command the words of the command line lead to. */
function chosen(program: Command): Command {
  let command = program;
  for (const word of process.argv.slice(2)) {
    const next = command.commands.find(
      (candidate) => candidate.name() === word || candidate.aliases().includes(word),
    );
    if (next) command = next;
    else if (!word.startsWith('-')) return command;
  }
  return command;
}
