import { fullForm, parseReference } from '../../image/reference.ts';
import type { CommandSpec } from '../command.ts';
import { authFor } from '../credentials/auth-for.ts';
import { showProgress } from '../progress.ts';
import { oneOrAll } from './one-or-all.ts';

/** `petri pull`: an image, or all of a repository, from a registry. `POST /images/create?fromImage=` */
export const pull: CommandSpec = {
  name: 'pull',
  usage: '[OPTIONS] NAME[:TAG|@DIGEST]',
  summary: 'Bring an image from a registry',
  operands: [1, 1],
  flags: [
    { long: 'all-tags', short: 'a', text: 'all tags of the repository' },
    // There is no signing of images here, as there is none by default in docker.
    { long: 'disable-content-trust', text: 'skip verification (default true)', hidden: true },
    { long: 'platform', value: 'string', text: 'platform of the image, os/arch' },
    { long: 'quiet', short: 'q', text: 'only the name that was pulled' },
  ],
  async run(session, [name = ''], flags) {
    const { repository, tag, isTagged, isAll, isQuiet } = oneOrAll(session, name, flags);
    const options = { platform: flags.text('platform'), auth: await authFor(session, name) };
    const client = await session.client();
    await showProgress(
      session,
      await client.images.pull(repository, isAll ? '' : tag, options),
      isQuiet,
    );
    const shown = isAll || isTagged ? name : `${name}:latest`;
    session.print(fullForm(parseReference(shown)));
    return 0;
  },
};
