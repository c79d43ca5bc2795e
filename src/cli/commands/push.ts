import type { CommandSpec } from '../command.ts';
import { authFor } from '../credentials/auth-for.ts';
import { showProgress } from '../progress.ts';
import { oneOrAll } from './one-or-all.ts';

/** `petri push`: an image to a registry. `POST /images/{name}/push` */
export const push: CommandSpec = {
  name: 'push',
  usage: '[OPTIONS] NAME[:TAG]',
  summary: 'Bring an image to a registry',
  operands: [1, 1],
  flags: [
    { long: 'all-tags', short: 'a', text: 'all tags of the repository' },
    { long: 'quiet', short: 'q', text: 'only the name that was pushed' },
    // There is no signing of images here, as there is none by default in docker.
    { long: 'disable-content-trust', text: 'skip signing (default true)', hidden: true },
  ],
  async run(session, [name = ''], flags) {
    const { repository, tag, isAll, isQuiet } = oneOrAll(session, name, flags);
    const auth = await authFor(session, name);
    const lines = await (await session.client()).images.push(repository, isAll ? '' : tag, auth);
    await showProgress(session, lines, isQuiet);
    if (isQuiet) session.print(isAll ? repository : `${repository}:${tag}`);
    return 0;
  },
};
