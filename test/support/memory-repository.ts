/** A repository in memory, for what no real registry does: it can lie, stall, and count what is asked of it. */
import { NotFoundError } from '../../src/errors/errors.ts';
import type { Descriptor, Digest } from '../../src/image/descriptor.ts';
import type { FetchedManifest, Repository } from '../../src/image/registry/repository.ts';
import { inPieces } from './blobs.ts';
import type { TestImage } from './image-parts.ts';

export class MemoryRepository implements Repository {
  readonly manifests = new Map<string, FetchedManifest>();
  readonly blobs = new Map<string, Buffer>();
  /** Digests of the blobs that were asked for, in order. */
  readonly asked: string[] = [];
  /** What happens before a blob's piece at this offset is handed out. */
  before: (descriptor: Descriptor, offset: number, signal: AbortSignal) => Promise<void> | void =
    () => undefined;

  constructor(readonly name = 'docker.io/library/demo') {}

  /** Puts an image there, under its digest and a tag. */
  put(image: TestImage, tag = 'latest'): this {
    for (const { descriptor, bytes } of [...image.layers, image.config])
      this.blobs.set(descriptor.digest, bytes);
    return this.keep(image.manifest, tag);
  }

  keep(manifest: FetchedManifest, ...names: string[]): this {
    for (const name of [...names, manifest.digest]) this.manifests.set(name, manifest);
    return this;
  }

  async manifest(reference: string): Promise<FetchedManifest> {
    const found = this.manifests.get(reference);
    if (!found) throw new NotFoundError(`manifest for demo:${reference} not found`);
    return found;
  }

  async manifestDigest(tag: string): Promise<Digest | undefined> {
    return this.manifests.get(tag)?.digest;
  }

  async tags(): Promise<string[]> {
    return [...this.manifests.keys()].filter((name) => !name.startsWith('sha256:'));
  }

  async *blob(descriptor: Descriptor, signal: AbortSignal): AsyncGenerator<Buffer> {
    this.asked.push(descriptor.digest);
    const bytes = this.blobs.get(descriptor.digest);
    if (!bytes) throw new NotFoundError(`blob ${descriptor.digest} not found`);
    let offset = 0;
    for await (const piece of inPieces(bytes, 4096)) {
      signal.throwIfAborted();
      await this.before(descriptor, offset, signal);
      offset += piece.length;
      yield piece;
    }
  }

  async hasBlob(digest: Digest): Promise<boolean> {
    return this.blobs.has(digest);
  }

  async mountBlob(): Promise<boolean> {
    return false;
  }

  async uploadBlob(): Promise<void> {
    throw new Error('nothing is pushed here');
  }

  async putManifest(): Promise<Digest> {
    throw new Error('nothing is pushed here');
  }
}
