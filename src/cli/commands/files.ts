/** Commands on a container's files as a whole: export, diff, commit. */
import type { CommandSpec } from '../command.ts';
import { writeArchive } from '../copy/whole-file.ts';
import { CommandError } from '../errors.ts';
import { assertReference, splitReference } from '../reference.ts';

/** `GET /containers/{id}/export` */
export const exportContainer: CommandSpec = {
  name: 'export',
  usage: '[OPTIONS] CONTAINER',
  summary: "Write a container's files as a tar archive",
  operands: [1, 1],
  flags: [{ long: 'output', short: 'o', value: 'string', text: 'to a file instead of stdout' }],
  async run(session, [container = ''], flags) {
    await writeArchive(session, flags.text('output'), 'failed to export container', async () =>
      (await session.client()).files.export(container),
    );
    return 0;
  },
};

const letters = ['C', 'A', 'D'];

/** `GET /containers/{id}/changes` */
export const diff: CommandSpec = {
  name: 'diff',
  usage: 'CONTAINER',
  summary: 'Show what a container has changed in its files: C, A, D',
  operands: [1, 1],
  async run(session, [container = '']) {
    if (container === '') throw new CommandError('Container name cannot be empty');
    for (const { Kind, Path } of await (await session.client()).files.changes(container))
      session.print(`${letters[Kind] ?? '?'} ${Path}`);
    return 0;
  },
};

/** `POST /commit` */
export const commit: CommandSpec = {
  name: 'commit',
  usage: '[OPTIONS] CONTAINER [REPOSITORY[:TAG]]',
  summary: 'Make an image of a container',
  operands: [1, 2],
  flags: [
    { long: 'author', short: 'a', value: 'string', text: 'who made it' },
    {
      long: 'change',
      short: 'c',
      value: 'list',
      list: true,
      text: 'a Dockerfile instruction: CMD …',
    },
    { long: 'message', short: 'm', value: 'string', text: "a note in the image's history" },
    { long: 'pause', short: 'p', text: 'freeze the container meanwhile (default true)' },
  ],
  async run(session, [container = '', reference], flags) {
    if (reference !== undefined) assertReference(reference);
    const name = reference === undefined ? undefined : splitReference(reference);
    const { Id } = await (await session.client()).files.commit({
      container,
      repo: name?.repository,
      tag: name?.tag,
      comment: flags.text('message'),
      author: flags.text('author'),
      changes: flags.list('change'),
      pause: flags.switch('pause', true),
    });
    session.print(Id);
    return 0;
  },
};
