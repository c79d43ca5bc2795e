import { createInterface } from 'node:readline';
import type { CommandSpec } from '../command.ts';
import { CommandError } from '../errors.ts';
import { filterFlag, parseFilters } from '../filters.ts';
import { eventFormat } from '../format/event.ts';
import { parseMoment } from '../moment.ts';

/** `petri events`: what happens in the engine, as it happens. `GET /events` */
export const events: CommandSpec = {
  name: 'events',
  usage: '[OPTIONS]',
  summary: 'Show what happens in the engine',
  operands: [0, 0],
  flags: [
    filterFlag(),
    { long: 'format', value: 'string', text: 'json or TEMPLATE' },
    { long: 'since', value: 'string', text: 'all since this time, or this long ago' },
    { long: 'until', value: 'string', text: 'until this time' },
  ],
  async run(session, _operands, flags) {
    const show = eventFormat(flags.text('format'));
    const query = { since: moment(flags.text('since')), until: moment(flags.text('until')) };
    const client = await session.client();
    const stream = await client.system.events(query, parseFilters(flags.list('filter')));
    for await (const line of createInterface({ input: stream }))
      if (line.trim()) session.print(show(line));
    return 0;
  },
};

function moment(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const parsed = parseMoment(text);
  if (parsed !== undefined) return parsed;
  throw new CommandError(`failed to parse value as time or duration: ${JSON.stringify(text)}`);
}
