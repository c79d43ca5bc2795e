/**
 * `GET /containers/{id}/changes`: what a container has changed in its root, read from its own layer.
 *
 * Overlay marks what is deleted by a device 0:0, and a folder that was made anew by an attribute; whether a name
 * was there before is looked up in the layers below. Both are walked by descriptors.
 * Kernel documentation, filesystems/overlayfs, "whiteouts and opaque directories"
 */
import { closeSync, readdirSync } from 'node:fs';
import { InvalidError, KernelError } from '../errors/errors.ts';
import { type Attributes, attributesOf } from '../image/attributes.ts';
import { Breather } from '../image/breather.ts';
import { isOpaque, isWhiteout } from '../image/overlay-marks.ts';
import { defaultLimits } from '../image/tar/limits.ts';
import { detachedOverlay } from '../kernel/detached-overlay.ts';
import { constants } from '../kernel/ffi.ts';
import { open } from '../kernel/files.ts';
import { openBeneath } from '../kernel/files-at.ts';
import type { Engine } from './engine.ts';
import { lowerDirsOf } from './root.ts';
import type { Container } from './table.ts';

/** As the API numbers them. */
export const changeKinds = { modified: 0, added: 1, deleted: 2 } as const;

export interface Change {
  path: string;
  kind: (typeof changeKinds)[keyof typeof changeKinds];
}

/** In the order of the paths, a folder before what is in it. */
export async function changes(engine: Engine, container: Container): Promise<Change[]> {
  const upper = openFolder(container.paths.upper);
  try {
    const lower = openLower(lowerDirsOf(engine, container));
    try {
      return await new Comparison().folder({ upper, lower, path: '', depth: 0 });
    } finally {
      closeSync(lower);
    }
  } finally {
    closeSync(upper);
  }
}

function openLower(layers: readonly string[]): number {
  const [only, ...more] = layers;
  return only && more.length === 0 ? openFolder(only) : detachedOverlay(layers);
}

function openFolder(path: string): number {
  return open(path, ['O_PATH', 'O_DIRECTORY', 'O_NOFOLLOW', 'O_CLOEXEC']);
}

interface Folder {
  upper: number;
  /** The same folder below; undefined when there is none that shows through. */
  lower: number | undefined;
  path: string;
  depth: number;
}

class Comparison {
  readonly #breather = new Breather();

  async folder({ upper, lower, path, depth }: Folder): Promise<Change[]> {
    if (depth > defaultLimits.pathDepth)
      throw new InvalidError(`cannot compare ${path}: deeper than ${defaultLimits.pathDepth}`);
    const found: Change[] = [];
    for (const name of namesIn(upper)) {
      await this.#breather.breathe();
      await usingAt(upper, name, async (child) => {
        if (child === undefined) return;
        await usingAt(lower, name, async (before) => {
          const at = `${path}/${name.toString('utf8')}`;
          found.push(...(await this.#object(child, before, at, depth)));
        });
      });
    }
    return found;
  }

  async #object(
    child: number,
    before: number | undefined,
    path: string,
    depth: number,
  ): Promise<Change[]> {
    const now = attributesOf(child);
    const was = before === undefined ? undefined : attributesOf(before);
    if (isWhiteout(now)) return was ? [{ path, kind: changeKinds.deleted }] : [];
    const kind = was ? changeKinds.modified : changeKinds.added;
    if (now.kind !== 'directory') return [{ path, kind }];
    const lower = was?.kind === 'directory' ? before : undefined;
    const shown = lower !== undefined && isOpaque(child) ? undefined : lower;
    const inside = await this.folder({ upper: child, lower, path, depth: depth + 1 });
    const gone = lower !== undefined && shown === undefined ? hidden(lower, child, path) : [];
    const all = [...inside, ...gone].sort((a, b) => (a.path < b.path ? -1 : 1));
    const isSame = was !== undefined && isSameFolder(now, was) && all.length === 0;
    return isSame ? [] : [{ path, kind }, ...all];
  }
}

/** What a folder made anew has not taken over. */
function hidden(lower: number, upper: number, path: string): Change[] {
  const kept = new Set(namesIn(upper).map((name) => name.toString('latin1')));
  return namesIn(lower)
    .filter((name) => !kept.has(name.toString('latin1')))
    .map((name) => ({ path: `${path}/${name.toString('utf8')}`, kind: changeKinds.deleted }));
}

/** A folder is in the upper layer also because of what is in it; its times do not count. */
function isSameFolder(now: Attributes, was: Attributes): boolean {
  return (
    was.kind === 'directory' && now.mode === was.mode && now.uid === was.uid && now.gid === was.gid
  );
}

function namesIn(folder: number): Buffer[] {
  return readdirSync(`/proc/self/fd/${folder}`, { encoding: 'buffer' }).sort(Buffer.compare);
}

/** Opens a name for the time of `use`; undefined is what is not there (any more). */
async function usingAt(
  folder: number | undefined,
  name: Buffer,
  use: (fd: number | undefined) => Promise<void>,
): Promise<void> {
  const fd = folder === undefined ? undefined : openIfThere(folder, name);
  try {
    await use(fd);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function openIfThere(folder: number, name: Buffer): number | undefined {
  try {
    return openBeneath(folder, name, constants.O_PATH | constants.O_NOFOLLOW);
  } catch (error) {
    if (error instanceof KernelError && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
