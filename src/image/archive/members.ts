/**
 * The members of an archive of images. Each file is staged as a blob while the archive streams by, since what tells its
 * meaning may come last.
 *
 * Contract
 * - Members are files, folders and links to files; links lead to members by their names, never to anything on the disk.
 * - A name leads to one content: two of a name are refused unless they are the same.
 * - What is named after a digest has it.
 */
import { readFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { InvalidError } from '../../errors/errors.ts';
import type { StagedBlob } from '../blob-writer.ts';
import type { BlobStore } from '../blobs.ts';
import type { Digest } from '../descriptor.ts';
import { documentBytesMax } from '../manifest.ts';
import { decompress } from '../tar/decompress.ts';
import type { TarLimits } from '../tar/limits.ts';
import { readTar, type TarEntry } from '../tar/read.ts';
import { components, joined, show } from '../unpack-names.ts';
import { blobName } from './documents.ts';

/** Docker's oldest archives have three files and a folder for each layer. */
const membersMax = 10_000;
/** Links to links. */
const hopsMax = 8;

export class Members {
  readonly #files = new Map<string, StagedBlob>();
  readonly #links = new Map<string, string>();

  private constructor(private readonly blobs: BlobStore) {}

  /**
   * Reads the archive, compressed or not, to its end.
   * @throws InvalidError for what is no such archive; nothing is left of it
   */
  static async read(
    blobs: BlobStore,
    archive: AsyncIterable<Uint8Array>,
    limits: TarLimits,
  ): Promise<Members> {
    const members = new Members(blobs);
    const own = { ...limits, entries: membersMax };
    try {
      for await (const entry of readTar(decompress(archive, own), own))
        await members.#add(entry, own);
      return members;
    } catch (error) {
      await members.discard();
      throw error;
    }
  }

  has(name: string): boolean {
    return this.#files.has(this.#resolve(name));
  }

  /** @throws InvalidError when there is no such file */
  file(name: string): StagedBlob {
    const file = this.#files.get(this.#resolve(name));
    if (!file) throw new InvalidError(`invalid archive: it has no file ${JSON.stringify(name)}`);
    return file;
  }

  /** What an OCI layout keeps under this digest. @throws InvalidError as `file` */
  blob(digest: Digest): StagedBlob {
    return this.file(blobName(digest));
  }

  /** The bytes of a small file. @throws InvalidError when it is large, or not there */
  async document(name: string): Promise<Buffer> {
    const { path, sizeBytes } = this.file(name);
    if (sizeBytes <= documentBytesMax) return readFile(path);
    throw new InvalidError(
      `invalid archive: ${JSON.stringify(name)} is larger than ${documentBytesMax} bytes`,
    );
  }

  /** What has not become part of the store. */
  async discard(): Promise<void> {
    for (const file of this.#files.values()) await this.blobs.discard(file);
  }

  async #add(entry: TarEntry, limits: TarLimits): Promise<void> {
    const name = joined(components(entry.path, limits)).toString();
    if (entry.type === 'directory') return;
    if (entry.type === 'symlink' || entry.type === 'link') return this.#addLink(name, entry);
    if (entry.type !== 'file')
      throw new InvalidError(
        `invalid archive: entry ${show(entry.path)} is neither a file nor a folder`,
      );
    if (entry.segments)
      throw new InvalidError(`invalid archive: entry ${show(entry.path)} is a sparse file`);
    const file = await this.blobs.stage(entry.body());
    const before = this.#files.get(name);
    if (before || this.#links.has(name)) await this.blobs.discard(file);
    if (before ? before.digest !== file.digest : this.#links.has(name)) throw twice(name);
    if (!before) this.#files.set(name, file);
    assertNamed(name, file);
  }

  #addLink(name: string, { type, linkPath }: TarEntry): void {
    const from = type === 'link' ? '' : posix.dirname(name);
    const target = posix.normalize(posix.join(from, linkPath.toString()));
    const isAbsolute = posix.isAbsolute(linkPath.toString());
    if (isAbsolute || target === '..' || target.startsWith('../'))
      throw new InvalidError(
        `invalid archive: the link ${JSON.stringify(name)} leads out of it, to ${show(linkPath)}`,
      );
    if (this.#files.has(name) || (this.#links.get(name) ?? target) !== target) throw twice(name);
    this.#links.set(name, target);
  }

  #resolve(name: string): string {
    let at = posix.normalize(name);
    for (let hops = 0; hops < hopsMax; hops++) {
      const next = this.#links.get(at);
      if (next === undefined) return at;
      at = next;
    }
    throw new InvalidError(`invalid archive: too many links from ${JSON.stringify(name)}`);
  }
}

function assertNamed(name: string, { digest }: StagedBlob): void {
  if (!/^blobs\/sha256\/[a-f0-9]{64}$/.test(name) || name === blobName(digest)) return;
  throw new InvalidError(`invalid archive: the bytes of ${name} have the digest ${digest}`);
}

function twice(name: string): InvalidError {
  return new InvalidError(
    `invalid archive: the name ${JSON.stringify(name)} comes twice, with different content`,
  );
}
