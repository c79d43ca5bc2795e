/**
 * Uploads: a session is begun by POST, the bytes go by one PUT to where the registry says; or the registry takes the blob over
 * from another of its repositories. distribution-spec "Pushing blobs"
 */
import type { Descriptor, Digest } from '../descriptor.ts';
import type { BlobSource } from './blobs.ts';
import { TransientError } from './failures.ts';
import { locationOf } from './follow.ts';
import { withRetries } from './retry.ts';
import { discard } from './small-answer.ts';

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

/** Each attempt begins anew. @throws see Repository.uploadBlob */
export function uploadBlob(
  { session, path, scope }: BlobSource,
  { digest, size }: Descriptor,
  open: () => AsyncIterable<Uint8Array>,
  onBytes: (sent: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const { limits } = session.transport.options;
  return withRetries(limits, signal, async () => {
    const begin = { method: 'POST', at: `/v2/${path}/blobs/uploads/`, scopes: [scope] } as const;
    const begun = await session.once({ ...begin, accepts: [202] }, signal);
    await discard(begun);
    const at = locationOf(begun);
    at.searchParams.set('digest', digest);
    const watch = new SendWatch(limits.stallMs, `upload of ${digest}`, signal);
    try {
      const answer = await session.once(
        {
          method: 'PUT',
          at,
          headers: { 'content-type': 'application/octet-stream', 'content-length': String(size) },
          body: () => watch.counted(open(), onBytes),
          scopes: [scope],
          accepts: [201, 204],
        },
        watch.signal,
      );
      await discard(answer);
    } catch (error) {
      signal.throwIfAborted();
      throw watch.stalled ?? error;
    } finally {
      watch.end();
    }
  });
}

/** Ends an upload whose bytes are not taken: undici minds only what it is to receive. */
class SendWatch {
  readonly #abort = new AbortController();
  readonly #forward: () => void;
  #timer: NodeJS.Timeout | undefined;
  stalled: TransientError | undefined;

  constructor(
    private readonly stallMs: number,
    private readonly what: string,
    private readonly outer: AbortSignal,
  ) {
    this.#forward = () => this.#abort.abort(outer.reason);
    outer.addEventListener('abort', this.#forward, { once: true });
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** The clock runs while the registry has a chunk to take, not while the next one is read from the disk. */
  async *counted(
    chunks: AsyncIterable<Uint8Array>,
    onBytes: (sent: number) => void,
  ): AsyncGenerator<Uint8Array> {
    let sent = 0;
    for await (const chunk of chunks) {
      this.#timer = setTimeout(() => this.#stall(), this.stallMs);
      yield chunk;
      clearTimeout(this.#timer);
      sent += chunk.length;
      onBytes(sent);
    }
  }

  end(): void {
    clearTimeout(this.#timer);
    this.outer.removeEventListener('abort', this.#forward);
  }

  #stall(): void {
    this.stalled = new TransientError(
      `${this.what}: the registry took no bytes for ${this.stallMs} ms`,
    );
    this.#abort.abort(this.stalled);
  }
}
