/** `POST /images/create`: an import (`fromSrc=`) or a pull (`fromImage=`). */
import { emitImage } from '../../container/events.ts';
import { InvalidError, NotBuiltError } from '../../errors/errors.ts';
import type { Exchange } from '../exchange.ts';
import { pullImage } from './pull.ts';

export async function create(exchange: Exchange): Promise<void> {
  const { query } = exchange;
  const image = query.text('fromImage');
  if (image) return await pullImage(exchange, image);
  const source = query.text('fromSrc');
  if (!source) throw new InvalidError('images/create needs fromImage or fromSrc');
  if (source !== '-')
    throw new NotBuiltError(
      `an import from ${JSON.stringify(source)} is not built: send the archive as the body, with fromSrc=-`,
    );
  await importBody(exchange);
}

async function importBody({ engine, query, request, response }: Exchange): Promise<void> {
  const image = await engine.images.import(request, {
    repo: query.text('repo'),
    tag: query.text('tag'),
    changes: query.all('changes'),
    message: query.text('message'),
    platform: query.text('platform'),
  });
  emitImage(engine, 'import', image.id, image.id);
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.end(`${JSON.stringify({ status: image.id })}\r\n`);
}
