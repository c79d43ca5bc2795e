import type { CommandSpec } from '../command.ts';
import { filterFlag, parseFilters } from '../filters.ts';
import { parseInteger } from '../flags.ts';
import { containerContext, containerHeadings } from '../format/container.ts';
import { showList } from '../format/list.ts';

/** `petri ps`: containers as docker lists them. `GET /containers/json` */
export const ps: CommandSpec = {
  name: 'ps',
  usage: '[OPTIONS]',
  summary: 'List containers',
  operands: [0, 0],
  flags: [
    { long: 'all', short: 'a', text: 'all containers (default: the running ones)' },
    filterFlag(),
    { long: 'format', value: 'string', text: 'table, json, table TEMPLATE or TEMPLATE' },
    { long: 'last', short: 'n', value: 'int', parse: parseInteger, text: 'the last n created' },
    { long: 'latest', short: 'l', text: 'the last created' },
    { long: 'no-trunc', text: 'nothing cut short' },
    { long: 'quiet', short: 'q', text: 'only ids' },
    { long: 'size', short: 's', text: 'sizes' },
  ],
  async run(session, _operands, flags) {
    const isLatest = flags.switch('latest');
    const last = isLatest ? 1 : (flags.number('last') ?? -1);
    const format = flags.text('format');
    const size = flags.switch('size') || /\.Size\b|\bjson \.\s*\}/.test(format ?? '');
    const client = await session.client();
    const containers = await client.containers.list({
      all: flags.switch('all'),
      ...(last > 0 && { limit: last }),
      size,
      filters: parseFilters(flags.list('filter')),
    });
    const columns = ['ID', 'Image', 'Command', 'RunningFor', 'Status', 'Ports', 'Names'];
    showList(session, {
      contexts: containers.map((container) =>
        containerContext(container, flags.switch('no-trunc')),
      ),
      columns: size ? [...columns, 'Size'] : columns,
      headings: containerHeadings,
      format,
      isQuiet: flags.switch('quiet'),
    });
    return 0;
  },
};
