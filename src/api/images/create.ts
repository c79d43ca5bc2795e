/** `POST /images/create`: an import (`fromSrc=`) or a pull (`fromImage=`). */
import { emitImage } from '../../container/events.ts';
import { InvalidError } from '../../errors/errors.ts';
import type { Exchange } from '../exchange.ts';
import { withProgress } from '../progress-stream.ts';
import { pullImage } from './pull.ts';

export async function create(exchange: Exchange): Promise<void> {
  const { query } = exchange;
  const image = query.text('fromImage');
  if (image) return await pullImage(exchange, image);
  const source = query.text('fromSrc');
  if (!source) throw new InvalidError('images/create needs fromImage or fromSrc');
  if (source === '-') await importBody(exchange);
  else await importFrom(exchange, source);
}

/** The archive of a root filesystem that lies somewhere in the web. */
async function importFrom(exchange: Exchange, source: string): Promise<void> {
  const url = /^https?:\/\//.test(source) ? source : `http://${source}`;
  await withProgress(exchange, async (report) => {
    const archive = await download(url, exchange.signal);
    report({ status: `Downloading from ${url}` });
    report({ status: await importImage(exchange, archive) });
  });
}

/** @throws InvalidError when there is nothing to be had */
async function download(url: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  const response = await fetch(url, { signal }).catch((error: Error) => {
    signal.throwIfAborted();
    const reason = error.cause instanceof Error ? error.cause.message : error.message;
    throw new InvalidError(`cannot download ${url}: ${reason}`);
  });
  if (response.ok && response.body) return response.body;
  await response.body?.cancel();
  throw new InvalidError(
    `cannot download ${url}: got status code ${response.status} ${response.statusText}`,
  );
}

async function importBody(exchange: Exchange): Promise<void> {
  const { request, response } = exchange;
  const id = await importImage(exchange, request);
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.end(`${JSON.stringify({ status: id })}\r\n`);
}

/** @returns the image's id */
async function importImage(
  { engine, query }: Exchange,
  archive: AsyncIterable<Uint8Array>,
): Promise<string> {
  const { id } = await engine.images.import(archive, {
    repo: query.text('repo'),
    tag: query.text('tag'),
    changes: query.all('changes'),
    message: query.text('message'),
    platform: query.text('platform'),
  });
  emitImage(engine, 'import', id, id);
  return id;
}
