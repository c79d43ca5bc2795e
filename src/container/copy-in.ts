/**
 * `PUT /containers/{id}/archive`: unpacks an archive into a folder of a container.
 *
 * As the image unpacker, with other rules: names have no second meaning (no whiteouts), and folders are reached
 * through the container's own links, inside its root. chroot(2) would do the same, but is for a whole process.
 */
import { closeSync } from 'node:fs';
import { ForbiddenError, InvalidError, KernelError } from '../errors/errors.ts';
import { attributesOf } from '../image/attributes.ts';
import { decompress } from '../image/tar/decompress.ts';
import { defaultLimits } from '../image/tar/limits.ts';
import { readTar } from '../image/tar/read.ts';
import { assertSameKind, Unpacker, type UnpackRules } from '../image/unpack.ts';
import { components, isKeptXattr } from '../image/unpack-names.ts';
import { constants } from '../kernel/ffi.ts';
import { openAt } from '../kernel/files-at.ts';
import type { Engine } from './engine.ts';
import { readIdentity } from './read-identity.ts';
import { lowerDirsOf, withRoot } from './root.ts';
import { cleanPath, inRoot, openTarget } from './root-path.ts';
import type { Container } from './table.ts';

export interface CopyInOptions {
  /** Refuse to put a file in a folder's place or a folder in a file's. */
  keepKinds: boolean;
  /** What is unpacked belongs to the container's user. */
  ownedByUser: boolean;
}

/**
 * @param path a folder, or a link to one
 * @param archive compressed or not
 * @throws NotFoundError, InvalidError, ForbiddenError when the root is read-only; with docker's words
 */
export function copyIn(
  engine: Engine,
  container: Container,
  path: string,
  archive: AsyncIterable<Uint8Array>,
  options: CopyInOptions,
): Promise<void> {
  return withRoot(engine, container, async (root) => {
    assertFolder(root, path, container);
    const owner = options.ownedByUser ? ownerOf(engine, container) : undefined;
    const unpacker = new Unpacker(root, defaultLimits, rulesFor(root, path, options.keepKinds));
    try {
      for await (const entry of readTar(decompress(archive, defaultLimits), defaultLimits)) {
        // The folder itself is there already, and stays as it is.
        if (components(entry.path, defaultLimits).length === 0) continue;
        await unpacker.add({ ...entry, ...owner });
      }
      await unpacker.finish();
    } catch (error) {
      throw told(error);
    }
  });
}

function assertFolder(root: number, path: string, { name, record }: Container): void {
  const clean = cleanPath(path);
  const fd = openTarget(root, clean, name);
  try {
    if (attributesOf(fd).kind !== 'directory')
      throw new InvalidError('extraction point is not a directory');
  } finally {
    closeSync(fd);
  }
  // What is mounted in a read-only root may be written to, if it lets itself be.
  if (record.hostConfig.ReadonlyRootfs && !isMounted(root, clean))
    throw new ForbiddenError('container rootfs is marked read-only');
}

/** Whether a mount is crossed on the way. */
function isMounted(root: number, path: string): boolean {
  const { O_PATH, RESOLVE_NO_XDEV } = constants;
  try {
    closeSync(openAt(root, path, O_PATH, 0, inRoot | RESOLVE_NO_XDEV));
    return false;
  } catch (error) {
    if (error instanceof KernelError && error.code === 'EXDEV') return true;
    throw error;
  }
}

function told(error: unknown): unknown {
  const isReadOnly = error instanceof KernelError && error.code === 'EROFS';
  return isReadOnly
    ? new ForbiddenError('mounted volume is marked read-only', { cause: error })
    : error;
}

function ownerOf(engine: Engine, container: Container): { uid: number; gid: number } | undefined {
  const { record, paths } = container;
  if (!record.config.User) return undefined;
  const layers = [paths.upper, ...lowerDirsOf(engine, container)];
  const { uid, gid } = readIdentity(record, layers);
  return { uid, gid };
}

function rulesFor(root: number, path: string, keepKinds: boolean): UnpackRules {
  const prefix = components(Buffer.from(cleanPath(path)), defaultLimits);
  const { O_DIRECTORY, O_NOFOLLOW } = constants;
  return {
    open(from, name, flags, mode = 0) {
      const isFolder = from === root && (flags & O_DIRECTORY) !== 0;
      return openAt(from, name, isFolder ? flags & ~O_NOFOLLOW : flags, mode, inRoot);
    },
    components: (name, limits) => [...prefix, ...components(name, limits)],
    meaningOf: () => ({ kind: 'plain' }),
    isKeptXattr,
    isSmuggledWhiteout: () => false,
    entersLinks: true,
    ...(keepKinds && { assertReplaceable: assertSameKind }),
  };
}
