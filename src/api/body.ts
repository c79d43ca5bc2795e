/** A request's body as one JSON value: read whole, limited, parsed once. */
import type { IncomingMessage } from 'node:http';
import { InvalidError } from '../errors/errors.ts';
import { RequestError } from './status.ts';
import { parseJson } from './strict-json.ts';

export const bodyBytesMax = 8 * 1024 * 1024;

/**
 * @returns undefined when there is no body
 * @throws InvalidError for another content type than JSON, bad JSON, or a body cut short
 * @throws RequestError (413) beyond 8 MiB
 */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const bytes = await readAll(request);
  if (bytes.length === 0) return undefined;
  assertJsonType(request.headers['content-type']);
  return parseJson(bytes);
}

/** The whole body, at most 8 MiB. */
export async function readAll(request: IncomingMessage): Promise<Buffer> {
  const tooLarge = new RequestError(413, `the body is larger than ${bodyBytesMax} bytes`);
  if (Number(request.headers['content-length'] ?? 0) > bodyBytesMax) throw tooLarge;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    length += (chunk as Buffer).length;
    if (length > bodyBytesMax) throw tooLarge;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function assertJsonType(header: string | undefined): void {
  const type = (header ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (!type)
    throw new InvalidError(
      'malformed Content-Type header (): a request with a body needs application/json',
    );
  if (type !== 'application/json')
    throw new InvalidError(
      `unsupported Content-Type header (${header}): must be 'application/json'`,
    );
}
