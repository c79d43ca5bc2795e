import { commit } from '../../container/commit.ts';
import { InvalidError } from '../../errors/errors.ts';
import { readJson } from '../body.ts';
import type { Exchange } from '../exchange.ts';
import { containerConfig } from '../schema/config.ts';
import { check } from '../schema/fields.ts';

/** `POST /commit?container=&repo=&tag=&comment=&author=&pause=&changes=` */
export async function commitContainer(exchange: Exchange): Promise<void> {
  const { engine, query } = exchange;
  const body = await readJson(exchange.request);
  const name = query.text('container');
  if (!name) throw new InvalidError('container is needed: the one to make an image of');
  const id = await commit(engine, engine.containers.find(name), {
    repo: query.text('repo'),
    tag: query.text('tag'),
    comment: query.text('comment') ?? '',
    author: query.text('author') ?? '',
    changes: query.all('changes'),
    pause: query.flag('pause', true),
    config: body ? check(containerConfig, body, 'the body') : undefined,
  });
  exchange.json({ Id: id }, 201);
}
