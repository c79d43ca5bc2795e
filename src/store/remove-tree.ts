/**
 * Removing a folder that a container wrote to. It is renamed into the trash first, so that it is gone at
 * once and for all, then deleted. Links are removed and never followed; a mount inside is never entered:
 * with one nothing is deleted. Names need not be text, and paths may be longer than the kernel takes.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { lstat, readdir, rename, rmdir, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { SystemError } from '../errors/errors.ts';
import { parseMountinfo } from '../kernel/mountinfo.ts';

/** Below PATH_MAX with room for one more name; deeper folders are first moved up. */
const MAX_PATH_BYTES = 3000;
const AT_ONCE = 32;

/**
 * @param trash a folder on the same file system; what a crash leaves in it is deleted at the next start
 * @throws SystemError when something is mounted inside; then it stays where it is
 */
export async function removeTree(dir: string, trash: string): Promise<void> {
  const aside = await setAside(dir, trash);
  if (aside) await deleteTree(aside);
}

/**
 * The first half of `removeTree`: it is gone for good, its space is not free yet.
 * @returns where it is now, for `deleteTree`; undefined when there was nothing
 */
export async function setAside(dir: string, trash: string): Promise<string | undefined> {
  refuseMounts(dir);
  const aside = join(trash, `${basename(dir)}.${randomBytes(4).toString('hex')}`);
  try {
    await rename(dir, aside);
    return aside;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Deletes everything in a folder of the engine's own (staging, trash). One entry that cannot be deleted
 * does not keep the others.
 * @returns what went wrong
 */
export async function emptyFolder(dir: string): Promise<Error[]> {
  const errors: Error[] = [];
  for (const name of await readdir(dir, { encoding: 'buffer' })) {
    const path = joinBytes(Buffer.from(dir), name);
    try {
      refuseMounts(path.toString());
      await deleteTree(path);
    } catch (error) {
      errors.push(error as Error);
    }
  }
  return errors;
}

/** Mounts of this mount namespace; one of another namespace the kernel itself detaches (since 3.13). */
function refuseMounts(dir: string): void {
  const inside = `${resolve(dir)}/`;
  const mounts = parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8'));
  const found = mounts.find(({ target }) => `${target}/`.startsWith(inside));
  if (found)
    throw new SystemError(
      `will not delete ${dir}: ${found.source} is mounted on ${found.target}; umount it first`,
    );
}

/** @param root a folder or a file, of which nobody else knows any more */
export async function deleteTree(root: string | Buffer): Promise<void> {
  const path = Buffer.from(root);
  const stat = await lstat(path);
  if (!stat.isDirectory()) return await unlink(path);
  await emptyInto(path, { device: stat.dev, root: path });
  await rmdir(path);
}

interface Walk {
  /** The file system it began on. */
  device: number;
  root: Buffer;
}

async function emptyInto(dir: Buffer, walk: Walk): Promise<void> {
  const entries = await readdir(dir, { withFileTypes: true, encoding: 'buffer' });
  const names = entries.map((entry) => ({
    path: joinBytes(dir, entry.name),
    folder: entry.isDirectory(),
  }));
  for (let i = 0; i < names.length; i += AT_ONCE) {
    const some = names.slice(i, i + AT_ONCE).filter(({ folder }) => !folder);
    await Promise.all(some.map(({ path }) => unlink(path)));
  }
  for (const { path } of names.filter(({ folder }) => folder)) await removeFolder(path, walk);
}

async function removeFolder(path: Buffer, walk: Walk): Promise<void> {
  if (path.length > MAX_PATH_BYTES) {
    const up = Buffer.from(
      join(dirname(walk.root.toString()), `deep.${randomBytes(8).toString('hex')}`),
    );
    await rename(path, up);
    return await deleteTree(up);
  }
  const { dev } = await lstat(path);
  if (dev !== walk.device)
    throw new SystemError(
      `will not delete ${path.toString()}: another file system is mounted there`,
    );
  await emptyInto(path, walk);
  await rmdir(path);
}

function joinBytes(dir: Buffer, name: Buffer): Buffer {
  return Buffer.concat([dir, Buffer.from('/'), name]);
}
