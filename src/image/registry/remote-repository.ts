/** One repository of a registry for one caller; the registry is spoken to when something is asked of it. */
import { EngineError } from '../../errors/errors.ts';
import type { Descriptor, Digest } from '../descriptor.ts';
import { type BlobSource, fetchBlob, hasBlob } from './blobs.ts';
import { askDigest, fetchManifest, putManifest } from './manifests.ts';
import type { Limits } from './options.ts';
import type { FetchedManifest, Repository } from './repository.ts';
import type { Session } from './session.ts';
import type { Shared } from './shared.ts';
import { fetchTags } from './tags.ts';
import { mountBlob, uploadBlob } from './uploads.ts';

export class RemoteRepository implements Repository {
  readonly name: string;

  /**
   * @param upstream how the registry itself is reached
   * @param mirrors who is asked first for what is only read; when one fails, whoever comes next is
   */
  constructor(
    private readonly domain: string,
    private readonly path: string,
    private readonly upstream: Shared<Session>,
    private readonly mirrors: readonly Shared<Session>[],
    private readonly limits: Limits,
  ) {
    this.name = `${domain}/${path}`;
  }

  manifest(reference: string, signal: AbortSignal): Promise<FetchedManifest> {
    const named = reference.includes(':') ? { digest: reference } : { tag: reference };
    const full = { domain: this.domain, path: this.path, ...named };
    return this.#reading(signal, ({ session, scope }) =>
      fetchManifest(session, full, scope, signal),
    );
  }

  /** Who does not say, says why when the manifest itself is asked for. */
  async manifestDigest(tag: string, signal: AbortSignal): Promise<Digest | undefined> {
    const { domain, path } = this;
    try {
      return await this.#reading(signal, ({ session, scope }) =>
        askDigest(session, { domain, path, tag }, scope, signal),
      );
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof EngineError) return undefined;
      throw error;
    }
  }

  tags(signal: AbortSignal): Promise<string[]> {
    const { domain, path } = this;
    return this.#reading(signal, (source) => fetchTags(source, { domain, path }, signal));
  }

  blob(descriptor: Descriptor, signal: AbortSignal): AsyncGenerator<Buffer> {
    const sources = [...this.mirrors, this.upstream].map(
      (one) => () => this.#source(one, 'pull', signal),
    );
    return fetchBlob(sources, descriptor, this.limits, signal);
  }

  async hasBlob(digest: Digest, signal: AbortSignal): Promise<boolean> {
    return hasBlob(await this.#source(this.upstream, 'pull,push', signal), digest, signal);
  }

  async mountBlob(digest: Digest, from: string, signal: AbortSignal): Promise<boolean> {
    return mountBlob(await this.#source(this.upstream, 'pull,push', signal), digest, from, signal);
  }

  async uploadBlob(
    descriptor: Descriptor | Promise<Descriptor>,
    open: () => AsyncIterable<Uint8Array>,
    onBytes: (sent: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const source = await this.#source(this.upstream, 'pull,push', signal);
    await uploadBlob(source, descriptor, { open, onBytes, signal });
  }

  async putManifest(
    reference: string,
    manifest: { mediaType: string; bytes: Uint8Array },
    signal: AbortSignal,
  ): Promise<Digest> {
    const { session, scope } = await this.#source(this.upstream, 'pull,push', signal);
    return putManifest(session, this.path, reference, manifest, scope, signal);
  }

  /** Mirrors first; the error that is told is the registry's own. */
  async #reading<T>(signal: AbortSignal, read: (source: BlobSource) => Promise<T>): Promise<T> {
    for (const mirror of this.mirrors) {
      try {
        return await read(await this.#source(mirror, 'pull', signal));
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof EngineError)) throw error;
      }
    }
    return await read(await this.#source(this.upstream, 'pull', signal));
  }

  async #source(
    from: Shared<Session>,
    actions: 'pull' | 'pull,push',
    signal: AbortSignal,
  ): Promise<BlobSource> {
    const session = await from.get(signal);
    return { session, path: this.path, scope: `repository:${this.path}:${actions}` };
  }
}
