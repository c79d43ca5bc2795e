/** A request's body as one JSON value: read whole, limited, parsed once. */
import type { IncomingMessage } from 'node:http';
import { InvalidError } from '../errors/errors.ts';
import { RequestError } from './status.ts';
import { parseJson } from './strict-json.ts';

export const bodyBytesMax = 8 * 1024 * 1024;
const bodyTimeoutMs = 30_000;

/**
 * @param taken the body, when it has been read already
 * @returns undefined when there is no body
 * @throws InvalidError for another content type than JSON, bad JSON, or a body cut short
 * @throws RequestError (413) beyond 8 MiB
 */
export async function readJson(request: IncomingMessage, taken?: Buffer): Promise<unknown> {
  const bytes = taken ?? (await readAll(request));
  if (bytes.length === 0) return undefined;
  assertJsonType(request.headers['content-type']);
  return parseJson(bytes);
}

/**
 * @param timeoutMs how long the body may take to arrive
 * @throws RequestError 413 beyond 8 MiB, 408 when it takes too long
 */
export async function readAll(
  request: IncomingMessage,
  timeoutMs = bodyTimeoutMs,
): Promise<Buffer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const error = new RequestError(408, 'the body of the request took too long');
    timer = setTimeout(() => reject(error), timeoutMs);
  });
  const collected = collect(request);
  collected.catch(() => undefined);
  try {
    return await Promise.race([collected, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function collect(request: IncomingMessage): Promise<Buffer> {
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
