/** The commands that do one thing to each container named: docker's words, one call each. */
import type { Client } from '../../api/client/client.ts';
import { ApiError } from '../../api/client/errors.ts';
import { type CommandSpec, forEachOperandAtOnce } from '../command.ts';
import { CommandError } from '../errors.ts';
import { type FlagSpec, type Flags, parseInteger } from '../flags.ts';

type Act = (client: Client, container: string, flags: Flags) => Promise<string | undefined>;

/** A command that calls `act` for each operand and prints the operand, or what `act` returns. */
function verb(name: string, summary: string, flags: readonly FlagSpec[], act: Act): CommandSpec {
  return {
    name,
    usage: flags.length > 0 ? '[OPTIONS] CONTAINER [CONTAINER...]' : 'CONTAINER [CONTAINER...]',
    summary,
    operands: [1],
    flags,
    async run(session, operands, given) {
      const client = await session.client();
      return forEachOperandAtOnce(
        session,
        operands,
        async (operand) => (await act(client, operand, given)) ?? operand,
      );
    },
  };
}

const stopFlags: readonly FlagSpec[] = [
  { long: 'signal', short: 's', value: 'string', text: 'signal that asks it to end' },
  {
    long: 'timeout',
    short: 't',
    value: 'int',
    parse: parseInteger,
    text: 'seconds before SIGKILL',
  },
  { long: 'time', value: 'int', parse: parseInteger, text: 'the same', hidden: true },
];

const stopQuery = (flags: Flags): { signal: string | undefined; t: number | undefined } => ({
  signal: flags.text('signal'),
  t: flags.number('timeout') ?? flags.number('time'),
});

/** `POST /containers/{id}/stop` */
export const stop = verb(
  'stop',
  'Stop running containers',
  stopFlags,
  async (client, id, flags) => {
    await client.containers.stop(id, stopQuery(flags));
    return undefined;
  },
);

/** `POST /containers/{id}/restart` */
export const restart = verb(
  'restart',
  'Stop containers and start them',
  stopFlags,
  async (client, id, flags) => {
    await client.containers.restart(id, stopQuery(flags));
    return undefined;
  },
);

/** `POST /containers/{id}/kill` */
export const kill = verb(
  'kill',
  'Send a signal to running containers (SIGKILL)',
  [{ long: 'signal', short: 's', value: 'string', text: 'another signal' }],
  async (client, id, flags) => {
    await client.containers.kill(id, flags.text('signal'));
    return undefined;
  },
);

/** `POST /containers/{id}/pause` */
export const pause = verb('pause', 'Freeze all processes of containers', [], async (client, id) => {
  await client.containers.pause(id);
  return undefined;
});

/** `POST /containers/{id}/unpause` */
export const unpause = verb('unpause', 'Let frozen containers go on', [], async (client, id) => {
  await client.containers.unpause(id);
  return undefined;
});

/** `POST /containers/{id}/wait`: prints the exit code of each. */
export const wait = verb(
  'wait',
  'Wait until containers end; print their exit codes',
  [],
  async (client, id) => {
    const { exit } = await client.containers.wait(id);
    const answer = await exit;
    if (answer.Error?.Message) throw new CommandError(answer.Error.Message);
    return String(answer.StatusCode);
  },
);

/** `DELETE /containers/{id}` */
export const rm: CommandSpec = {
  name: 'rm',
  aliases: ['remove'],
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Remove containers',
  operands: [1],
  flags: [
    { long: 'force', short: 'f', text: 'running ones too (SIGKILL)' },
    { long: 'link', short: 'l', text: 'remove the link of that name' },
    { long: 'volumes', short: 'v', text: 'their anonymous volumes too' },
  ],
  async run(session, operands, flags) {
    const client = await session.client();
    const force = flags.switch('force');
    const query = { force, link: flags.switch('link'), v: flags.switch('volumes') };
    let code = 0;
    for (const operand of operands) {
      try {
        await client.containers.remove(operand.replace(/^\/+|\/+$/g, ''), query);
        session.print(operand);
      } catch (error) {
        session.complain(error);
        // what is not there needs no removing
        if (!(force && error instanceof ApiError && error.status === 404)) code = 1;
      }
    }
    return code;
  },
};

/** `POST /containers/{id}/rename` */
export const rename: CommandSpec = {
  name: 'rename',
  usage: 'CONTAINER NEW_NAME',
  summary: 'Rename a container',
  operands: [2, 2],
  async run(session, [old = '', name = '']) {
    const from = old.trim();
    const to = name.trim();
    if (!from || !to) throw new CommandError('Error: Neither old nor new names may be empty');
    try {
      await (await session.client()).containers.rename(from, to);
      return 0;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      session.complain(error);
      throw new CommandError(`Error: failed to rename container named ${from}`);
    }
  },
};
