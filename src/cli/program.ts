/** All commands, and docker's two ways to say many of them: `petri ps` is `petri container ls`. */

import { type CommandSpec, FlagCommand, toCommander } from './command.ts';
import { create } from './commands/create.ts';
import { images } from './commands/images.ts';
import { ps } from './commands/ps.ts';
import { run } from './commands/run.ts';
import type { Session } from './session.ts';

const topLevel: readonly CommandSpec[] = [run, create, ps, images];

/** @param done is given the exit code of the command that ran */
export function createProgram(session: Session, done: (code: number) => void): FlagCommand {
  const program = new FlagCommand('petri');
  program
    .usage('[OPTIONS] COMMAND [ARG...]')
    .description('A container engine you can see through')
    .enablePositionalOptions()
    .exitOverride()
    .helpOption('--help', 'print usage')
    .helpCommand(false)
    .configureOutput({ writeErr: () => undefined });
  for (const spec of topLevel)
    program.addCommand(inherit(program, toCommander(spec, session, done)));
  return program;
}

function inherit(program: FlagCommand, command: FlagCommand): FlagCommand {
  command.copyInheritedSettings(program);
  return command;
}
