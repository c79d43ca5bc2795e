import type { CommandSpec } from '../command.ts';
import { filterFlag, parseFilters } from '../filters.ts';
import { imageContexts, imageHeadings } from '../format/image.ts';
import { showList } from '../format/list.ts';

/** `petri images`: images as docker lists them. `GET /images/json` */
export const images: CommandSpec = {
  name: 'images',
  usage: '[OPTIONS] [REPOSITORY[:TAG]]',
  summary: 'List images',
  operands: [0, 1],
  flags: [
    { long: 'all', short: 'a', text: 'intermediate images too' },
    { long: 'digests', text: 'digests' },
    filterFlag(),
    { long: 'format', value: 'string', text: 'table, json, table TEMPLATE or TEMPLATE' },
    { long: 'no-trunc', text: 'nothing cut short' },
    { long: 'quiet', short: 'q', text: 'only ids' },
  ],
  async run(session, [reference], flags) {
    const client = await session.client();
    const filters = parseFilters(flags.list('filter'));
    if (reference !== undefined) filters.reference = [...(filters.reference ?? []), reference];
    const found = await client.images.list({ all: flags.switch('all'), filters });
    const format = flags.text('format');
    const hasDigests = flags.switch('digests');
    const options = { isWhole: flags.switch('no-trunc'), hasDigests };
    const columns = hasDigests ? ['Repository', 'Tag', 'Digest'] : ['Repository', 'Tag'];
    showList(session, {
      contexts: found.flatMap((image) => imageContexts(image, options)),
      columns: [...columns, 'ID', 'CreatedSince', 'Size'],
      headings: imageHeadings,
      format,
      isQuiet: flags.switch('quiet'),
    });
    return 0;
  },
};
