import { emitImage } from '../../container/events.ts';
import { InvalidError } from '../../errors/errors.ts';
import { familiarForm, parseReference, parseTagged } from '../../image/reference.ts';
import type { Exchange } from '../exchange.ts';

/** `POST /images/{name}/tag?repo=&tag=` */
export async function tag(exchange: Exchange): Promise<void> {
  const { engine, query } = exchange;
  const repo = query.text('repo');
  if (!repo) throw new InvalidError('repo is needed: the name the image gets');
  const tagged = query.text('tag') || 'latest';
  if (familiarForm(parseReference(repo)) === 'sha256')
    throw new InvalidError('refusing to create an ambiguous tag using digest algorithm as name');
  await engine.images.tag(exchange.param('name'), repo, tagged);
  const name = familiarForm(parseTagged(`${repo}:${tagged}`));
  emitImage(engine, 'tag', engine.images.find(name).id, name);
  exchange.empty(201);
}
