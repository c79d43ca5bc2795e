import { copyRaw, demultiplex } from '../../api/client/frames.ts';
import type { CommandSpec } from '../command.ts';
import { CommandError } from '../errors.ts';
import { parseMoment } from '../moment.ts';

/** `petri logs`: what a container has written, byte for byte. `GET /containers/{id}/logs` */
export const logs: CommandSpec = {
  name: 'logs',
  usage: '[OPTIONS] CONTAINER',
  summary: 'Show the output of a container',
  operands: [1, 1],
  flags: [
    { long: 'details', text: 'what the logging driver adds' },
    { long: 'follow', short: 'f', text: 'go on until it ends' },
    { long: 'since', value: 'string', text: 'from a time (RFC 3339, Unix) or an age (42m)' },
    { long: 'until', value: 'string', text: 'up to a time or an age' },
    { long: 'tail', short: 'n', value: 'string', text: 'the last lines (default all)' },
    { long: 'timestamps', short: 't', text: 'the time of each line' },
  ],
  async run(session, [container = ''], flags) {
    const moment = (name: string): string | undefined => {
      const text = flags.text(name);
      if (text === undefined) return undefined;
      const parsed = parseMoment(text);
      if (parsed !== undefined) return parsed;
      throw new CommandError(
        `invalid value for "${name}": failed to parse value as time or duration: ${JSON.stringify(text)}`,
      );
    };
    const client = await session.client();
    const { Id, Config } = await client.containers.inspect(container);
    const query = {
      stdout: true,
      stderr: true,
      since: moment('since'),
      until: moment('until'),
      tail: flags.text('tail') ?? 'all',
      follow: flags.switch('follow'),
      timestamps: flags.switch('timestamps'),
      details: flags.switch('details'),
    };
    const stream = await client.containers.logs(Id, query);
    await (Config.Tty
      ? copyRaw(stream, session.streams.stdout)
      : demultiplex(stream, session.streams));
    return 0;
  },
};
