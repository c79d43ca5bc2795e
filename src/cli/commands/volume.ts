/** Commands on volumes: create, ls, rm. `/volumes` */
import { ApiError } from '../../api/client/errors.ts';
import type { CommandSpec } from '../command.ts';
import { CommandError } from '../errors.ts';
import { filterFlag, parseFilters } from '../filters.ts';
import { showList } from '../format/list.ts';
import { volumeContext, volumeHeadings } from '../format/volume.ts';
import { naturalOrder } from '../natural.ts';
import { joinLabels, parseKeyValue, parseLabel } from '../run/values.ts';

/** `POST /volumes/create` */
export const createVolume: CommandSpec = {
  name: 'create',
  usage: '[OPTIONS] [VOLUME]',
  summary: 'Create a volume',
  operands: [0, 1],
  flags: [
    { long: 'driver', short: 'd', value: 'string', text: 'driver (local)' },
    { long: 'label', value: 'list', list: true, parse: parseLabel, text: 'a label, key=value' },
    { long: 'name', value: 'string', text: 'its name', hidden: true },
    {
      long: 'opt',
      short: 'o',
      value: 'map',
      list: true,
      parse: parseKeyValue,
      text: "the driver's: type=…, device=…, o=…",
    },
  ],
  async run(session, [operand], flags) {
    const name = flags.text('name');
    if (operand !== undefined && name !== undefined)
      throw new CommandError(
        'conflicting options: cannot specify a volume-name through both --name and as a positional arg',
      );
    const client = await session.client();
    const options = flags.list<[string, string]>('opt');
    const labels = flags.list('label');
    const volume = await client.volumes.create({
      Name: operand ?? name ?? '',
      Driver: flags.text('driver') ?? 'local',
      ...(options.length > 0 && { DriverOpts: Object.fromEntries(options) }),
      ...(labels.length > 0 && { Labels: joinLabels([], labels) }),
    });
    session.print(volume.Name);
    return 0;
  },
};

/** `GET /volumes` */
export const listVolumes: CommandSpec = {
  name: 'ls',
  aliases: ['list'],
  usage: '[OPTIONS]',
  summary: 'List volumes',
  operands: [0, 0],
  flags: [
    filterFlag('dangling=, driver=, label=, name='),
    { long: 'format', value: 'string', text: 'table, json, table TEMPLATE or TEMPLATE' },
    { long: 'quiet', short: 'q', text: 'only names' },
  ],
  async run(session, _operands, flags) {
    const client = await session.client();
    const found = await client.volumes.list(parseFilters(flags.list('filter')));
    found.sort((a, b) => naturalOrder(a.Name, b.Name));
    showList(session, {
      contexts: found.map(volumeContext),
      columns: ['Driver', 'Name'],
      headings: volumeHeadings,
      format: flags.text('format'),
      isQuiet: flags.switch('quiet'),
      id: 'Name',
    });
    return 0;
  },
};

/** `DELETE /volumes/{name}` */
export const removeVolumes: CommandSpec = {
  name: 'rm',
  aliases: ['remove'],
  usage: '[OPTIONS] VOLUME [VOLUME...]',
  summary: 'Remove volumes and what is in them',
  operands: [1],
  flags: [{ long: 'force', short: 'f', text: 'one that is not there is no error' }],
  async run(session, operands, flags) {
    const client = await session.client();
    const force = flags.switch('force');
    let code = 0;
    for (const operand of operands) {
      try {
        await client.volumes.remove(operand, { force });
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
