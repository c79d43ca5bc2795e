/** `petri exec`: one more program in a container that runs. `POST /containers/{id}/exec`, `POST /exec/{id}/start` */
import type { Client } from '../../api/client/client.ts';
import { parseDetachKeys } from '../../api/client/detach.ts';
import type { ExecBody } from '../../api/client/types.ts';
import type { CommandSpec } from '../command.ts';
import { CommandError, UsageError } from '../errors.ts';
import { type Flags, flagErrorCode } from '../flags.ts';
import { explainFlag } from '../run/flags.ts';
import { followSteps } from '../run/follow.ts';
import { readLines } from '../run/lines.ts';
import { joinEnvironment, parseVariable } from '../run/values.ts';
import type { Session } from '../session.ts';
import { converse, LEFT } from '../terminal/conversation.ts';
import { followSize } from '../terminal/size.ts';

export const exec: CommandSpec = {
  name: 'exec',
  usage: '[OPTIONS] CONTAINER COMMAND [ARG...]',
  summary: 'Run a program in a running container',
  operands: [2],
  endsAtOperand: true,
  flags: [
    { long: 'detach', short: 'd', text: 'in the background' },
    { long: 'detach-keys', value: 'string', text: 'keys that detach (ctrl-p,ctrl-q)' },
    {
      long: 'env',
      short: 'e',
      value: 'list',
      list: true,
      parse: parseVariable,
      text: 'environment, key=value or key',
    },
    { long: 'env-file', value: 'list', list: true, text: 'file of environment' },
    explainFlag(),
    { long: 'interactive', short: 'i', text: 'send it stdin' },
    { long: 'privileged', text: 'all capabilities' },
    { long: 'tty', short: 't', text: 'a terminal' },
    { long: 'user', short: 'u', value: 'string', text: 'user[:group], names or numbers' },
    { long: 'workdir', short: 'w', value: 'string', text: 'working directory' },
  ],
  async run(session, [container = '', ...command], flags) {
    const body = bodyOf(session, command, flags);
    if (body.AttachStdin && body.Tty && !session.streams.stdin.isTTY)
      throw new CommandError('the input device is not a TTY');
    const client = await session.client();
    const { Id } = await client.execs.create(container, body);
    const follow = () => client.execs.followSteps(Id);
    const steps = await followSteps(session, follow, flags.text('explain'), 'exec');
    try {
      if (!flags.switch('detach')) return await inForeground(session, client, Id, body);
      await client.execs.start(Id);
      return 0;
    } finally {
      await steps.done;
    }
  },
};

/** @throws UsageError for an environment or keys that cannot be */
function bodyOf(session: Session, command: string[], flags: Flags): ExecBody {
  const watched = !flags.switch('detach');
  const { rows, columns } = session.streams.stdout;
  const tty = flags.switch('tty');
  try {
    const keys = flags.text('detach-keys') ?? '';
    if (keys) parseDetachKeys(keys);
    const lines = readLines(flags.list('env-file'));
    return {
      AttachStdin: watched && flags.switch('interactive'),
      AttachStdout: watched,
      AttachStderr: watched,
      DetachKeys: keys,
      Tty: tty,
      Env: joinEnvironment(lines, flags.list('env'), session.environment),
      Cmd: command,
      Privileged: flags.switch('privileged'),
      User: flags.text('user') ?? '',
      WorkingDir: flags.text('workdir') ?? '',
      ...(tty && rows && columns ? { ConsoleSize: [rows, columns] } : {}),
    };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), flagErrorCode);
  }
}

/** @returns the program's exit code. @throws CommandError when the caller has detached */
async function inForeground(
  session: Session,
  client: Client,
  id: string,
  { AttachStdin = false, Tty = false, DetachKeys = '' }: ExecBody,
): Promise<number> {
  const connection = await client.execs.attach(id, { Tty });
  const resize = (rows: number, columns: number) => client.execs.resize(id, rows, columns);
  const stopSize = Tty ? followSize(resize, session.streams.stdout) : () => undefined;
  try {
    const options = { stdin: AttachStdin, tty: Tty, detachKeys: DetachKeys || undefined };
    const ending = await converse(session, connection, options);
    if (ending === 'detached') throw new CommandError(LEFT);
    return (await client.execs.inspect(id)).ExitCode ?? 0;
  } finally {
    stopSize();
  }
}
