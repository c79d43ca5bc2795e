import type { HistoryItem } from '../../api/client/types.ts';
import type { CommandSpec } from '../command.ts';
import { type Context, showList } from '../format/list.ts';
import { ellipsis, shortId } from '../format/text.ts';
import { humanDuration, humanSize } from '../units.ts';

const headings: Readonly<Record<string, string>> = {
  ID: 'IMAGE',
  CreatedSince: 'CREATED',
  CreatedAt: 'CREATED AT',
  CreatedBy: 'CREATED BY',
  Size: 'SIZE',
  Comment: 'COMMENT',
};

/** `petri history`: the steps an image was made in. `GET /images/{name}/history` */
export const history: CommandSpec = {
  name: 'history',
  usage: '[OPTIONS] IMAGE',
  summary: 'Show how an image was made',
  operands: [1, 1],
  flags: [
    { long: 'format', value: 'string', text: 'table, json, table TEMPLATE or TEMPLATE' },
    { long: 'human', short: 'H', text: 'sizes and dates for people (default true)' },
    { long: 'no-trunc', text: 'nothing cut short' },
    { long: 'quiet', short: 'q', text: 'only ids' },
  ],
  async run(session, [image = ''], flags) {
    const items = await (await session.client()).images.history(image);
    const isWhole = flags.switch('no-trunc');
    const isHuman = flags.switch('human', true);
    showList(session, {
      contexts: items.map((item) => historyContext(item, isWhole, isHuman)),
      columns: ['ID', 'CreatedSince', 'CreatedBy', 'Size', 'Comment'],
      headings,
      format: flags.text('format'),
      isQuiet: flags.switch('quiet'),
    });
    return 0;
  },
};

/** Docker's `historyContext`. Pure. */
export function historyContext(
  { Id, Created, CreatedBy, Size, Comment }: HistoryItem,
  isWhole: boolean,
  isHuman: boolean,
  nowMs = Date.now(),
): Context {
  const by = CreatedBy.replaceAll('\t', ' ');
  const createdAt = new Date(Created * 1000).toISOString().replace('.000', '');
  return {
    ID: isWhole ? Id : shortId(Id),
    CreatedAt: createdAt,
    CreatedSince: isHuman ? `${humanDuration(nowMs / 1000 - Created)} ago` : createdAt,
    CreatedBy: isWhole ? by : ellipsis(by, 45),
    Size: isHuman ? humanSize(Size) : String(Size),
    Comment,
  };
}
