/** Images as files: save and load. */
import type { CommandSpec } from '../command.ts';
import { openArchive } from '../copy/open-archive.ts';
import { writeArchive } from '../copy/whole-file.ts';
import { CommandError } from '../errors.ts';
import { showProgress } from '../progress.ts';

/** `GET /images/get` */
export const save: CommandSpec = {
  name: 'save',
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  summary: 'Write images as a tar archive',
  operands: [1],
  flags: [{ long: 'output', short: 'o', value: 'string', text: 'to a file instead of stdout' }],
  async run(session, names, flags) {
    await writeArchive(session, flags.text('output'), 'failed to save image', async () =>
      (await session.client()).images.save(names),
    );
    return 0;
  },
};

/** `POST /images/load` */
export const load: CommandSpec = {
  name: 'load',
  usage: '[OPTIONS]',
  summary: 'Bring images from an archive',
  operands: [0, 0],
  flags: [
    { long: 'input', short: 'i', value: 'string', text: 'from a file instead of stdin' },
    { long: 'quiet', short: 'q', text: 'no progress' },
  ],
  async run(session, _operands, flags) {
    const input = flags.text('input');
    const { stdin, stdout } = session.streams;
    if (!input && stdin.isTTY)
      throw new CommandError('requested load from stdin, but stdin is empty');
    const archive = await openArchive(session, input || '-');
    const isQuiet = flags.switch('quiet') || !stdout.isTTY;
    await showProgress(session, await (await session.client()).images.load(archive, isQuiet));
    return 0;
  },
};
