/**
 * Uploads: a session is begun by POST. Bytes whose digest is known go by one PUT to where the registry says; bytes that are still
 * being made go by one PATCH while they come, and a PUT names them. Or the registry takes the blob over from another of its
 * repositories. distribution-spec "Pushing blobs"
 */
import type { Descriptor, Digest } from '../descriptor.ts';
import type { BlobSource } from './blobs.ts';
import { requestName, TransientError } from './failures.ts';
import { locationOf } from './follow.ts';
import type { Refusal } from './refusals.ts';
import { withRetries } from './retry.ts';
import { SendWatch } from './send-watch.ts';
import { discard, headerOf } from './small-answer.ts';
import type { Answer } from './transport.ts';

/** Bytes on their way. */
interface Sending {
  /** From the start, again for each try. */
  open: () => AsyncIterable<Uint8Array>;
  onBytes: (sent: number) => void;
  signal: AbortSignal;
}

const octets = { 'content-type': 'application/octet-stream' };

/** What a registry says of a PATCH when it takes no stream, or none without ranges; and yet it may take a whole blob. */
const wantsWhole = [400, 405, 411, 415, 416, 501];

/** @returns false when the registry wants the bytes. @throws see Repository.mountBlob */
export async function mountBlob(
  { session, path, scope }: BlobSource,
  digest: Digest,
  from: string,
  signal: AbortSignal,
): Promise<boolean> {
  const query = new URLSearchParams({ mount: digest, from });
  const answer = await session.request(
    {
      method: 'POST',
      at: `/v2/${path}/blobs/uploads/?${query}`,
      scopes: [scope, `repository:${from}:pull`],
      // A registry that knows no mounting begins an upload (202), which nobody will end; it forgets it. Others say no.
      accepts: [201, 202, 400, 403, 404, 405],
    },
    signal,
  );
  await discard(answer);
  return answer.status === 201;
}

/** Each attempt begins anew, with a session of its own. @throws see Repository.uploadBlob */
export async function uploadBlob(
  source: BlobSource,
  descriptor: Descriptor | Promise<Descriptor>,
  sending: Sending,
): Promise<void> {
  const { limits } = source.session.transport.options;
  const { signal } = sending;
  const isDone =
    descriptor instanceof Promise &&
    (await withRetries(limits, signal, () => sendAsItComes(source, descriptor, sending)));
  if (isDone) return;
  const known = await descriptor;
  await withRetries(limits, signal, () => sendWhole(source, known, sending));
}

async function sendWhole(
  source: BlobSource,
  { digest, size }: Descriptor,
  { open, onBytes, signal }: Sending,
): Promise<void> {
  const { session, scope } = source;
  const at = named(await begin(source, signal), digest);
  const { stallMs } = session.transport.options.limits;
  const watch = new SendWatch(stallMs, `upload of ${digest}`, signal);
  const answer = await watch.during((either) =>
    session.once(
      {
        method: 'PUT',
        at,
        headers: { ...octets, 'content-length': String(size) },
        body: () => watch.counted(open(), onBytes),
        scopes: [scope],
        accepts: [201, 204],
        refused: lost,
      },
      either,
    ),
  );
  await discard(answer);
}

/**
 * One chunk with all of it, as docker sends it: so no least length of chunks (OCI-Chunk-Min-Length) is undercut.
 * @returns false when the registry will have it whole, by one PUT
 */
async function sendAsItComes(
  source: BlobSource,
  descriptor: Promise<Descriptor>,
  { open, onBytes, signal }: Sending,
): Promise<boolean> {
  const { session, scope } = source;
  const at = await begin(source, signal);
  const { stallMs } = session.transport.options.limits;
  const watch = new SendWatch(stallMs, `upload to ${source.path}`, signal);
  const taken = await watch.during((either) =>
    session.once(
      {
        method: 'PATCH',
        at,
        headers: octets,
        body: () => watch.counted(open(), onBytes),
        scopes: [scope],
        accepts: [201, 202, 204, ...wantsWhole],
        refused: lost,
      },
      either,
    ),
  );
  await discard(taken);
  if (wantsWhole.includes(taken.status)) return false;
  assertHasAll(taken, watch.sent);
  const { digest } = await descriptor;
  const next = headerOf(taken, 'location') === undefined ? at : locationOf(taken);
  const end = { method: 'PUT', at: named(next, digest), scopes: [scope] } as const;
  await discard(await session.once({ ...end, accepts: [201, 204], refused: lost }, signal));
  return true;
}

/** @returns where the bytes are to go */
async function begin({ session, path, scope }: BlobSource, signal: AbortSignal): Promise<URL> {
  const call = { method: 'POST', at: `/v2/${path}/blobs/uploads/`, scopes: [scope] } as const;
  const begun = await session.once({ ...call, accepts: [202] }, signal);
  await discard(begun);
  return locationOf(begun);
}

function named(at: URL, digest: Digest): URL {
  const url = new URL(at);
  url.searchParams.set('digest', digest);
  return url;
}

/** A session that the registry no longer knows: with a new one it may go well. */
function lost({ code, text }: Refusal): TransientError | undefined {
  return code === 'BLOB_UPLOAD_UNKNOWN' ? new TransientError(text) : undefined;
}

/** `Range: 0-99` after 100 bytes. What is not said is not missed: the digest decides. @throws TransientError */
function assertHasAll(answer: Answer, sent: number): void {
  const last = /^(?:bytes[ =])?0-(\d+)$/.exec(headerOf(answer, 'range') ?? '')?.[1];
  if (last === undefined || Number(last) + 1 >= sent) return;
  throw new TransientError(
    `${requestName('PATCH', answer.url)}: the registry has ${Number(last) + 1} of ${sent} bytes`,
  );
}
