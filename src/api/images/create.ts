/** `POST /images/create`: an import (`fromSrc=-`); a pull (`fromImage=`) is not built. */
import { emitImage } from '../../container/events.ts';
import { InvalidError, NotBuiltError, NotFoundError } from '../../errors/errors.ts';
import { familiarForm, parseTagged } from '../../image/reference.ts';
import type { Exchange } from '../exchange.ts';

export async function create(exchange: Exchange): Promise<void> {
  const { query } = exchange;
  const image = query.text('fromImage');
  if (image) return refusePull(image, query.text('tag') ?? '');
  const source = query.text('fromSrc');
  if (!source) throw new InvalidError('images/create needs fromImage or fromSrc');
  if (source !== '-')
    throw new NotBuiltError(
      `an import from ${JSON.stringify(source)} is not built: send the archive as the body, with fromSrc=-`,
    );
  await importBody(exchange);
}

/** The client is told 404: `docker run` of an unknown image ends with this message. */
function refusePull(image: string, tag: string): never {
  const separator = tag.includes(':') ? '@' : ':';
  const reference = familiarForm(parseTagged(tag ? `${image}${separator}${tag}` : image));
  throw new NotFoundError(
    `pull access denied for ${reference}: pulling from a registry is not built yet; bring the image with "docker import" or "petri import"`,
  );
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
