import type { CommandSpec } from '../command.ts';
import { CommandError } from '../errors.ts';
import { diskUsageContexts, diskUsageHeadings, verboseUsage } from '../format/disk-usage.ts';
import { showList } from '../format/list.ts';

/** `petri system df`: what takes the disk. `GET /system/df` */
export const df: CommandSpec = {
  name: 'df',
  usage: '[OPTIONS]',
  summary: 'Show what images, containers and volumes take on disk',
  operands: [0, 0],
  flags: [
    { long: 'format', value: 'string', text: 'table, json, table TEMPLATE or TEMPLATE' },
    { long: 'verbose', short: 'v', text: 'every image and container' },
  ],
  async run(session, _operands, flags) {
    const isVerbose = flags.switch('verbose');
    const format = flags.text('format');
    if (isVerbose && format)
      throw new CommandError('the verbose and the format options conflict: use one of them');
    const usage = await (await session.client()).system.diskUsage();
    if (isVerbose) session.print(verboseUsage(usage));
    else
      showList(session, {
        contexts: diskUsageContexts(usage),
        columns: ['Type', 'TotalCount', 'Active', 'Size', 'Reclaimable'],
        headings: diskUsageHeadings,
        format,
        isQuiet: false,
      });
    return 0;
  },
};
