/**
 * `petri run`: creates a container and runs it in the foreground, or starts it and prints its id.
 */
import type { Client } from '../../api/client/client.ts';
import { parseDetachKeys } from '../../api/client/detach.ts';
import { ApiError } from '../../api/client/errors.ts';
import type { CommandSpec } from '../command.ts';
import { CommandError, UsageError, withHelp } from '../errors.ts';
import type { Flags } from '../flags.ts';
import { type Attached, attached, createBody } from '../run/body.ts';
import { checkCidFile, writeCidFile } from '../run/cidfile.ts';
import { runFlags } from '../run/flags.ts';
import { followSteps } from '../run/follow.ts';
import { createContainer } from '../run/pull.ts';
import { messageOf, type Session } from '../session.ts';
import { inForeground } from '../terminal/foreground.ts';

export const run: CommandSpec = {
  name: 'run',
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  summary: 'Create a container from an image and run it',
  operands: [1],
  flags: runFlags,
  endsAtOperand: true,
  async run(session, operands, flags) {
    try {
      return await runContainer(session, operands, flags);
    } catch (error) {
      if (error instanceof UsageError || error instanceof CommandError) throw error;
      throw new CommandError(withHelp(messageOf(error), 'run'), 125);
    }
  },
};

async function runContainer(session: Session, words: string[], flags: Flags): Promise<number> {
  const streams = attached(flags);
  checkTerminal(session, flags, streams);
  checkCidFile(flags, 125);
  const body = createBody(words, flags, session.environment);
  const { rows, columns } = session.streams.stdout;
  if (body.Tty && rows && columns)
    body.HostConfig = { ...body.HostConfig, ConsoleSize: [rows, columns] };
  const client = await session.client();
  const id = await createContainer(session, client, body, flags);
  writeCidFile(flags, id, 125);
  if (!streams.stdout && !streams.stderr && !streams.stdin)
    return runDetached(session, client, id, flags);
  return runAttached(session, client, id, flags, streams);
}

/** What docker checks before it creates anything. */
function checkTerminal(session: Session, flags: Flags, streams: Attached): void {
  const keys = flags.text('detach-keys');
  if (keys) parseDetachKeys(keys);
  if (flags.switch('detach') && flags.has('attach'))
    throw new CommandError('conflicting options: cannot specify both --attach and --detach');
  if (flags.switch('tty') && streams.stdin && !session.streams.stdin.isTTY)
    throw new CommandError('the input device is not a TTY');
}

async function runDetached(
  session: Session,
  client: Client,
  id: string,
  flags: Flags,
): Promise<number> {
  const steps = await followSteps(
    session,
    () => client.containers.followSteps(id),
    flags.text('explain'),
  );
  try {
    await client.containers.start(id);
    return 0;
  } catch (error) {
    throw startError(error);
  } finally {
    await steps.done;
    session.print(id); // also of one that could not start: it exists
  }
}

async function runAttached(
  session: Session,
  client: Client,
  id: string,
  flags: Flags,
  streams: Attached,
): Promise<number> {
  const steps = await followSteps(
    session,
    () => client.containers.followSteps(id),
    flags.text('explain'),
  );
  return inForeground(session, client, id, {
    ...streams,
    tty: flags.switch('tty'),
    detachKeys: flags.text('detach-keys'),
    passesSignals: flags.switch('sig-proxy', true),
    condition: flags.switch('rm') ? 'removed' : 'next-exit',
    start: () => client.containers.start(id).catch((error) => Promise.reject(startError(error))),
    after: steps.done,
  });
}

/** Docker's exit codes for a program that could not be started, by the engine's words. */
function startError(error: unknown): unknown {
  if (!(error instanceof ApiError)) return error;
  const told = withHelp(messageOf(error), 'run');
  if (/executable file not found|no such file or directory/i.test(error.message))
    return new CommandError(told, 127);
  if (/permission denied|is a directory/i.test(error.message)) return new CommandError(told, 126);
  return new CommandError(told, 125);
}
