/**
 * The unpacked layers: `layers/DIFFID/{diff,layer.json}`, DIFFID the hex sha256 of the uncompressed
 * archive. A layer is unpacked in `staging/` and renamed in when all of it is on the disk, so what is
 * visible is complete. What is removed is first renamed to `trash/`.
 */
import { randomUUID } from 'node:crypto';
import { closeSync, constants as fs, openSync } from 'node:fs';
import { lstat, mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { z } from 'zod';
import { syncFilesystem } from '../kernel/files-at.ts';
import type { Paths } from '../store/paths.ts';
import { readRecord, writeRecord } from '../store/record.ts';
import { deleteTree, removeTree } from '../store/remove-tree.ts';
import { type Descriptor, isDigest } from './descriptor.ts';
import { explainFull } from './disk-full.ts';
import { Holds } from './holds.ts';
import { defaultLimits, type TarLimits } from './tar/limits.ts';
import { GrowingFile } from './unpacker/growing-file.ts';
import { type Unpacker, unpackerHere, unpackInto } from './unpacker/unpacker.ts';
import { syncFolder } from './write-file.ts';

export interface Layer {
  /** `sha256:…` of the uncompressed archive. */
  diffId: string;
  /** Sum of the files' sizes. */
  sizeBytes: number;
  /** The archive it came as, in the content store; a layer that was made here has none. */
  blob?: Descriptor | undefined;
  /** Repositories known to have the blob, `docker.io/library/busybox`: a push may mount it from there. */
  sources?: string[] | undefined;
}

/** A layer that is complete but not visible. */
export interface StagedLayer extends Layer {
  dir: string;
}

const layerRecord = z.object({
  schema: z.literal(1),
  diffId: z.string().regex(/^sha256:[a-f0-9]{64}$/),
  sizeBytes: z.int().nonnegative(),
  blob: z
    .object({
      mediaType: z.string(),
      digest: z.string().refine(isDigest),
      size: z.int().nonnegative(),
    })
    .optional(),
  sources: z.array(z.string()).optional(),
});

/** Where a layer that is not made here comes from. */
export type Origin = Pick<Layer, 'blob' | 'sources'>;

/** Prefix of what this file puts into `staging/` and `trash/`. */
const prefix = 'layer-';

export class LayerStore {
  readonly #layers = new Map<string, Layer>();
  /** By diff id. */
  readonly holds = new Holds<string>();

  constructor(
    readonly paths: Paths,
    readonly limits: TarLimits = defaultLimits,
    private readonly unpacker: Unpacker = unpackerHere,
  ) {}

  /** Reads what is there. What is visible is complete, so a broken record costs but the size. */
  async open(log: Pick<Logger, 'warn'>): Promise<void> {
    for (const name of await readdir(this.paths.layers)) {
      const dir = join(this.paths.layers, name);
      if (!/^[a-f0-9]{64}$/.test(name) || !(await isDirectory(join(dir, 'diff')))) continue;
      const diffId = `sha256:${name}`;
      const layer = await readLayer(dir).catch((error: unknown) => {
        log.warn({ dir, error: String(error) }, 'the size of a layer is lost');
        return { sizeBytes: 0 };
      });
      this.#layers.set(diffId, { ...layer, diffId });
    }
  }

  get(diffId: string): Layer | undefined {
    return this.#layers.get(diffId);
  }

  all(): string[] {
    return [...this.#layers.keys()];
  }

  /** The folder to give to overlay as a `lowerdir`. */
  directory(diffId: string): string {
    return join(this.#dir(diffId), 'diff');
  }

  /**
   * Unpacks an archive (compressed or not) into staging; it is not on the disk yet, `sync` sees to that.
   * @param origin asked for when all has been read
   * @throws InvalidError for a bad archive; nothing is left of it
   */
  async stage(
    archive: AsyncIterable<Uint8Array> | GrowingFile,
    origin: () => Promise<Origin> = async () => ({}),
  ): Promise<StagedLayer> {
    const dir = join(this.paths.staging, prefix + randomUUID());
    const diff = join(dir, 'diff');
    await mkdir(diff, { recursive: true, mode: 0o700 });
    try {
      const unpacked =
        archive instanceof GrowingFile
          ? await this.unpacker.unpack(archive, diff, this.limits)
          : await unpackInto(diff, archive, this.limits);
      const layer = { ...unpacked, ...(await origin()) };
      await writeRecord(join(dir, 'layer.json'), { schema: 1, ...layer });
      return { ...layer, dir };
    } catch (error) {
      await deleteTree(dir);
      throw explainFull(error, 'unpack the layer', this.paths.layers);
    }
  }

  /** Brings all that is staged to the disk. */
  async sync(): Promise<void> {
    const staging = openSync(this.paths.staging, fs.O_RDONLY | fs.O_DIRECTORY);
    try {
      await syncFilesystem(staging);
    } finally {
      closeSync(staging);
    }
  }

  /** Makes a staged and synced layer visible; if the same one is there already, that one is used. */
  async commit(staged: StagedLayer): Promise<Layer> {
    const { dir, ...layer } = staged;
    const existing = this.#layers.get(layer.diffId);
    if (existing) {
      await this.discard(staged);
      return this.#learn(existing, layer);
    }
    // What is there without being known has no `diff`: out of the way with it.
    await removeTree(this.#dir(layer.diffId), this.paths.trash);
    await rename(dir, this.#dir(layer.diffId)).catch(async (error: unknown) => {
      await this.discard(staged);
      throw error;
    });
    await syncFolder(this.paths.layers);
    this.#layers.set(layer.diffId, layer);
    return layer;
  }

  /** Nothing is left of it, unless it has become visible. */
  async discard(staged: StagedLayer): Promise<void> {
    if (await isDirectory(staged.dir)) await deleteTree(staged.dir);
  }

  /** Remembers where else its archive is, or another one that it may be given out as. */
  async update(diffId: string, origin: Origin): Promise<void> {
    const layer = this.#layers.get(diffId);
    if (!layer) return;
    const updated = { ...layer, ...origin };
    await writeRecord(join(this.#dir(diffId), 'layer.json'), { schema: 1, ...updated });
    this.#layers.set(diffId, updated);
  }

  /** The caller knows that nobody refers to it. */
  async remove(diffId: string): Promise<void> {
    this.#layers.delete(diffId);
    await removeTree(this.#dir(diffId), this.paths.trash);
  }

  /** A layer that was made here, or came from elsewhere too, is told so. */
  async #learn(existing: Layer, { blob, sources = [] }: Layer): Promise<Layer> {
    const all = [...new Set([...(existing.sources ?? []), ...sources])];
    const isKnown = all.length === (existing.sources?.length ?? 0);
    if (isKnown && (existing.blob || !blob)) return existing;
    const layer = { ...existing, blob: existing.blob ?? blob, sources: all };
    await writeRecord(join(this.#dir(layer.diffId), 'layer.json'), { schema: 1, ...layer });
    this.#layers.set(layer.diffId, layer);
    return layer;
  }

  #dir(diffId: string): string {
    return join(this.paths.layers, diffId.slice('sha256:'.length));
  }
}

async function readLayer(dir: string): Promise<Omit<Layer, 'diffId'>> {
  const { sizeBytes, blob, sources } = await readRecord(join(dir, 'layer.json'), layerRecord);
  return { sizeBytes, blob, sources };
}

async function isDirectory(path: string): Promise<boolean> {
  const stat = await lstat(path).catch(() => undefined);
  return stat?.isDirectory() === true;
}
