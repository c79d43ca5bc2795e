/** Commands that change images: import, tag, rmi. */
import { ApiError } from '../../api/client/errors.ts';
import type { CommandSpec } from '../command.ts';
import { openArchive } from '../copy/open-archive.ts';
import { CommandError } from '../errors.ts';
import { assertReference, splitReference } from '../reference.ts';

/** `petri import`: a root filesystem's tar archive becomes an image. `POST /images/create?fromSrc=` */
export const importImage: CommandSpec = {
  name: 'import',
  usage: '[OPTIONS] file|URL|- [REPOSITORY[:TAG]]',
  summary: 'Make an image of a tar archive',
  operands: [1],
  flags: [
    {
      long: 'change',
      short: 'c',
      value: 'list',
      list: true,
      text: 'a Dockerfile instruction: CMD …',
    },
    { long: 'message', short: 'm', value: 'string', text: "a note in the image's history" },
    { long: 'platform', value: 'string', text: 'platform, os/arch' },
  ],
  async run(session, [source = '', reference], flags) {
    const isUrl = /^https?:\/\//.test(source);
    const archive = isUrl ? undefined : await openArchive(session, source);
    if (reference !== undefined) assertReference(reference);
    const name = reference === undefined ? undefined : splitReference(reference);
    const client = await session.client();
    const options = {
      fromSrc: isUrl ? source : '-',
      repo: name?.repository,
      tag: reference?.endsWith(`:${name?.tag}`) ? name?.tag : undefined,
      message: flags.text('message'),
      platform: flags.text('platform'),
      changes: flags.list('change'),
    };
    for await (const line of await client.images.import(options, archive)) {
      if (line.error !== undefined) throw new CommandError(line.error);
      if (line.status && !line.progress) session.print(line.status);
    }
    return 0;
  },
};

/** `POST /images/{name}/tag` */
export const tag: CommandSpec = {
  name: 'tag',
  usage: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
  summary: 'Give an image a further name',
  operands: [2, 2],
  async run(session, [source = '', target = '']) {
    assertReference(
      target,
      `Error parsing reference: ${JSON.stringify(target)} is not a valid repository/tag: `,
    );
    const name = splitReference(target);
    if (name.tag.includes(':'))
      throw new CommandError('refusing to create a tag with a digest reference');
    await (await session.client()).images.tag(source, name.repository, name.tag);
    return 0;
  },
};

/** `DELETE /images/{name}` */
export const rmi: CommandSpec = {
  name: 'rmi',
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  summary: 'Remove images',
  operands: [1],
  flags: [
    { long: 'force', short: 'f', text: 'also when stopped containers use it' },
    { long: 'no-prune', text: 'keep untagged parents' },
  ],
  async run(session, operands, flags) {
    const client = await session.client();
    const force = flags.switch('force');
    let code = 0;
    for (const operand of operands) {
      try {
        const query = { force, noprune: flags.switch('no-prune') };
        for (const { Deleted, Untagged } of await client.images.remove(operand, query))
          session.print(Deleted ? `Deleted: ${Deleted}` : `Untagged: ${Untagged}`);
      } catch (error) {
        session.complain(error);
        // what is not there needs no removing
        if (!(force && error instanceof ApiError && error.status === 404)) code = 1;
      }
    }
    return code;
  },
};
