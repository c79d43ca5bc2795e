/**
 * Blobs: their bytes in order, each once, however often the connection breaks; size and digest are checked, and the last step
 * throws when they are not as promised. distribution-spec "Pulling blobs", RFC 9110 14 (ranges)
 */
import { createHash } from 'node:crypto';
import { EngineError, InvalidError } from '../../errors/errors.ts';
import type { Descriptor, Digest } from '../descriptor.ts';
import { requestName, TransientError, transportError } from './failures.ts';
import type { Limits } from './options.ts';
import { pause } from './retry.ts';
import type { Session } from './session.ts';
import { abandon, discard, headerOf } from './small-answer.ts';
import type { Answer } from './transport.ts';
import { watched } from './watch.ts';

/** After so many bytes a connection that breaks is no sign of a registry that cannot. */
const progressBytes = 1024 * 1024;

/** Where the bytes are fetched: a repository of a registry. */
export interface BlobSource {
  session: Session;
  path: string;
  scope: string;
}

/**
 * @param sources where the bytes are, best first; when one fails for good the next goes on where it stopped
 * @throws see Repository.blob
 */
export async function* fetchBlob(
  sources: readonly (() => Promise<BlobSource>)[],
  { digest, size }: Descriptor,
  limits: Limits,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  const others = [...sources];
  let source = others.shift();
  let offset = 0;
  let failed = 0;
  for (let isAsked = false; source && (!isAsked || offset < size); isAsked = true) {
    const start = offset;
    try {
      for await (const chunk of bytesFrom(await source(), digest, offset, size, limits, signal)) {
        hash.update(chunk);
        offset += chunk.length;
        yield chunk;
      }
      if (offset < size) throw brokenOff(digest, offset, size);
    } catch (error) {
      signal.throwIfAborted();
      failed = offset - start >= progressBytes ? 1 : failed + 1;
      if (error instanceof TransientError && failed < limits.attempts)
        await pause(limits, failed, error, signal);
      else if (error instanceof EngineError && others.length > 0) {
        source = others.shift();
        failed = 0;
      } else throw error;
    }
  }
  assertDigest(digest, hash.digest('hex'));
}

function brokenOff(digest: Digest, offset: number, size: number): TransientError {
  return new TransientError(
    `blob ${digest}: the connection ended after ${offset} of ${size} bytes`,
  );
}

function assertDigest(digest: Digest, hex: string): void {
  if (digest !== `sha256:${hex}`)
    throw new InvalidError(
      `filesystem layer verification failed for digest ${digest}: the registry sent sha256:${hex}`,
    );
}

/** One connection's part of the bytes, from `offset` on. */
async function* bytesFrom(
  { session, path, scope }: BlobSource,
  digest: Digest,
  offset: number,
  size: number,
  limits: Limits,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const at = `/v2/${path}/blobs/${digest}`;
  const headers = offset > 0 ? { range: `bytes=${offset}-` } : undefined;
  const accepts = offset > 0 ? [200, 206, 416] : [200];
  const call = {
    method: 'GET',
    at,
    scopes: [scope],
    accepts,
    ...(headers && { headers }),
  } as const;
  const answer = await session.once(call, signal);
  try {
    let skip = bytesToSkip(answer, offset, size);
    let left = size - offset;
    for await (const chunk of watched(answer, limits)) {
      const wanted = skip < chunk.length ? chunk.subarray(skip) : Buffer.alloc(0);
      skip -= chunk.length - wanted.length;
      left -= wanted.length;
      if (left < 0) throw tooLong(answer, size);
      if (wanted.length > 0) yield wanted;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw transportError('GET', answer.url, error);
  } finally {
    abandon(answer);
  }
}

/**
 * How many bytes come before the one that is wanted: none of an answer that keeps to the range, all that we have of one that
 * begins anew.
 */
function bytesToSkip(answer: Answer, offset: number, size: number): number {
  const { status, url } = answer;
  const length = Number(headerOf(answer, 'content-length') ?? Number.NaN);
  if (status === 416)
    throw new TransientError(
      `${requestName('GET', url)}: the registry has not the rest from ${offset}`,
    );
  if (status === 206) return offset - startOf(answer, offset, size);
  if (length > size) throw tooLong(answer, size);
  if (length < size)
    throw new InvalidError(
      `${requestName('GET', url)}: ${length} bytes where ${size} were promised`,
    );
  return offset;
}

/** Content-Range: bytes 100-199/200 */
function startOf(answer: Answer, offset: number, size: number): number {
  const header = headerOf(answer, 'content-range') ?? '';
  const [, start, , total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(header) ?? [];
  const isGood =
    start !== undefined && Number(start) <= offset && (total === '*' || Number(total) === size);
  if (isGood) return Number(start);
  throw new InvalidError(
    `${requestName('GET', answer.url)}: asked for bytes from ${offset} of ${size}, got ${JSON.stringify(header.slice(0, 100))}`,
  );
}

function tooLong({ url }: Answer, size: number): InvalidError {
  return new InvalidError(
    `${requestName('GET', url)}: more than the ${size} bytes that were promised`,
  );
}

/** @throws see Repository.hasBlob */
export async function hasBlob(
  { session, path, scope }: BlobSource,
  digest: Digest,
  signal: AbortSignal,
): Promise<boolean> {
  const at = `/v2/${path}/blobs/${digest}`;
  const call = { method: 'HEAD', at, scopes: [scope], accepts: [200, 404] } as const;
  const answer = await session.request(call, signal);
  await discard(answer);
  return answer.status === 200;
}
