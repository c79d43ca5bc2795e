/** Commands on a container's files as a whole: export, diff, commit. */
import { randomBytes } from 'node:crypto';
import { createWriteStream, renameSync, rmSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { CommandSpec } from '../command.ts';
import { localDestination } from '../copy/local-path.ts';
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
    const output = flags.text('output');
    const { stdout } = session.streams;
    if (!output && stdout.isTTY)
      throw new CommandError(
        'cowardly refusing to save to a terminal. Use the -o flag or redirect',
      );
    const path = output ? fileFor(output) : undefined;
    const archive = await (await session.client()).files.export(container);
    if (path) await writeWhole(path, archive);
    else await pipeline(archive, stdout, { end: false });
    return 0;
  },
};

function fileFor(output: string): string {
  try {
    const { path, is } = localDestination(output);
    if (is !== 'folder') return path;
    throw new CommandError(`${output} is a directory`);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // Docker's cp and export say the same in two ways.
    const reason = message.replace(
      /directory "(.*)" does not exist$/,
      'stat $1: no such file or directory',
    );
    throw new CommandError(`failed to export container: ${reason}`);
  }
}

/** The file has its name when it is whole. */
async function writeWhole(path: string, archive: NodeJS.ReadableStream): Promise<void> {
  const unfinished = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    await pipeline(archive, createWriteStream(unfinished, { flags: 'wx', mode: 0o600 }));
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}

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
