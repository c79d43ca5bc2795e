import { InvalidError } from '../../errors/errors.ts';
import type { Exchange } from '../exchange.ts';

/** `POST /images/{name}/tag?repo=&tag=` */
export async function tag(exchange: Exchange): Promise<void> {
  const { engine, query } = exchange;
  const repo = query.text('repo');
  if (!repo) throw new InvalidError('repo is needed: the name the image gets');
  await engine.images.tag(exchange.param('name'), repo, query.text('tag') || 'latest');
  exchange.empty(201);
}
