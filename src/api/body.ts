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
export function readAll(request: IncomingMessage, timeoutMs = bodyTimeoutMs): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    if (Number(request.headers['content-length'] ?? 0) > bodyBytesMax) return reject(tooLarge());
    if (request.destroyed) return reject(cutShort());
    const take = (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > bodyBytesMax) fail(tooLarge());
    };
    const end = () => {
      leave();
      resolve(Buffer.concat(chunks));
    };
    const fail = (error: Error) => {
      leave();
      request.pause();
      reject(error);
    };
    const cut = () => fail(cutShort());
    const timer = setTimeout(() => fail(tooLong()), timeoutMs);
    const leave = () => {
      clearTimeout(timer);
      request.off('data', take).off('end', end).off('error', fail).off('close', cut);
    };
    request.on('data', take).on('end', end).on('error', fail).on('close', cut);
  });
}

function cutShort(): InvalidError {
  return new InvalidError('the connection closed inside the request body');
}

function tooLong(): RequestError {
  return new RequestError(408, 'the body of the request took too long');
}

function tooLarge(): RequestError {
  return new RequestError(413, `the body is larger than ${bodyBytesMax} bytes`);
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
