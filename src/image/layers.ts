/**
 * The unpacked layers: `layers/DIFFID/{diff,layer.json}`, DIFFID the hex sha256 of the uncompressed
 * archive. A layer is unpacked in `staging/` and renamed in when all of it is on the disk, so what is
 * visible is complete. What is removed is first renamed to `trash/`.
 */
import { createHash, randomUUID } from 'node:crypto';
import { chmodSync, closeSync, constants as fs, openSync } from 'node:fs';
import { mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { SystemError } from '../errors/errors.ts';
import { syncFilesystem } from '../kernel/files-at.ts';
import type { Paths } from '../store/paths.ts';
import { removeTree } from './remove-tree.ts';
import { decompress } from './tar/decompress.ts';
import { defaultLimits, type TarLimits } from './tar/limits.ts';
import { unpack } from './unpack.ts';
import { syncFolder, writeNewFile } from './write-file.ts';

export interface Layer {
  /** `sha256:…` of the uncompressed archive. */
  diffId: string;
  /** Sum of the files' sizes. */
  sizeBytes: number;
}

/** A layer that is complete but not visible. */
export interface StagedLayer extends Layer {
  dir: string;
}

const layerRecord = z.object({
  schema: z.literal(1),
  diffId: z.string().regex(/^sha256:[a-f0-9]{64}$/),
  sizeBytes: z.int().nonnegative(),
});

/** Prefix of what this file puts into `staging/` and `trash/`. */
const prefix = 'layer-';

export class LayerStore {
  readonly #layers = new Map<string, Layer>();

  constructor(
    readonly paths: Paths,
    readonly limits: TarLimits = defaultLimits,
  ) {}

  /** Reads what is there. A layer whose record does not hold is reported and left alone. */
  async open(report: (dir: string, error: unknown) => void): Promise<void> {
    for (const name of await readdir(this.paths.layers)) {
      if (!/^[a-f0-9]{64}$/.test(name)) continue;
      const dir = join(this.paths.layers, name);
      try {
        const layer = await readLayer(dir);
        if (layer.diffId !== `sha256:${name}`) throw new Error(`it says it is ${layer.diffId}`);
        this.#layers.set(layer.diffId, layer);
      } catch (error) {
        report(dir, error);
      }
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
   * Unpacks an archive (compressed or not) into staging.
   * @throws InvalidError for a bad archive; nothing is left of it
   */
  async stage(archive: AsyncIterable<Uint8Array>): Promise<StagedLayer> {
    const dir = join(this.paths.staging, prefix + randomUUID());
    const diff = join(dir, 'diff');
    await mkdir(diff, { recursive: true, mode: 0o700 });
    try {
      const layer = await this.#unpackInto(diff, archive);
      await writeNewFile(join(dir, 'layer.json'), JSON.stringify({ schema: 1, ...layer }));
      return { ...layer, dir };
    } catch (error) {
      await removeTree(dir);
      throw isFull(error)
        ? new SystemError(`cannot unpack the layer: no space left on ${this.paths.layers}`, {
            cause: error,
          })
        : error;
    }
  }

  /** Makes a staged layer visible; if the same one is there already, that one is used. */
  async commit(staged: StagedLayer): Promise<Layer> {
    const { dir, ...layer } = staged;
    const existing = this.#layers.get(layer.diffId);
    if (existing) {
      await this.discard(staged);
      return existing;
    }
    // A broken one of the same name, or none: out of the way with it.
    await this.#moveToTrash(this.#dir(layer.diffId));
    await rename(dir, this.#dir(layer.diffId));
    await syncFolder(this.paths.layers);
    this.#layers.set(layer.diffId, layer);
    return layer;
  }

  async discard(staged: StagedLayer): Promise<void> {
    await removeTree(staged.dir);
  }

  /** The caller knows that nobody refers to it. */
  async remove(diffId: string): Promise<void> {
    this.#layers.delete(diffId);
    const trash = await this.#moveToTrash(this.#dir(diffId));
    if (trash) await removeTree(trash);
  }

  async #unpackInto(diff: string, archive: AsyncIterable<Uint8Array>): Promise<Layer> {
    const hash = createHash('sha256');
    const root = openSync(diff, fs.O_RDONLY | fs.O_DIRECTORY);
    try {
      // The image's root is readable to all unless the archive says otherwise.
      chmodSync(diff, 0o755);
      const plain = hashed(decompress(archive, this.limits), hash);
      const { sizeBytes } = await unpack(plain, root, this.limits);
      await syncFilesystem(root);
      return { diffId: `sha256:${hash.digest('hex')}`, sizeBytes };
    } finally {
      closeSync(root);
    }
  }

  #dir(diffId: string): string {
    return join(this.paths.layers, diffId.slice('sha256:'.length));
  }

  async #moveToTrash(dir: string): Promise<string | undefined> {
    const trash = join(this.paths.trash, prefix + randomUUID());
    try {
      await rename(dir, trash);
      return trash;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }
}

function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(String((error as { code?: unknown }).code));
}

async function readLayer(dir: string): Promise<Layer> {
  const record = layerRecord.parse(JSON.parse(await readFile(join(dir, 'layer.json'), 'utf8')));
  return { diffId: record.diffId, sizeBytes: record.sizeBytes };
}

async function* hashed(source: AsyncIterable<Buffer>, hash: ReturnType<typeof createHash>) {
  for await (const chunk of source) {
    hash.update(chunk);
    yield chunk;
  }
}
