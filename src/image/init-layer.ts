/**
 * The layer that lies on top of every image and beneath every container's own: mount points and files that
 * the engine mounts over. Because it is on top, an image that ships `/dev`, `/proc` or `/etc/hosts` as a link
 * to somewhere else does not have it in the container.
 *
 * Contract: running overlays stand on it, so it is repaired entry by entry and never replaced as a whole.
 * What is right is not touched.
 */
import { chmod, lchown, lstat, mkdir, open, readdir, readlink, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Paths } from '../store/paths.ts';
import { removeTree } from '../store/remove-tree.ts';

type Entry =
  | { path: string; kind: 'directory'; mode: number }
  | { path: string; kind: 'file'; mode: number }
  | { path: string; kind: 'symlink'; target: string };

const directory = (path: string, mode = 0o755): Entry => ({ path, kind: 'directory', mode });
const file = (path: string, mode = 0o644): Entry => ({ path, kind: 'file', mode });

/** Parents before what they hold. As docker's daemon/initlayer, but for the modes of the files. */
const entries: Entry[] = [
  directory(''),
  directory('dev'),
  file('dev/console'),
  directory('dev/pts'),
  directory('dev/shm'),
  directory('proc', 0o555),
  directory('sys', 0o555),
  directory('etc'),
  file('etc/hostname'),
  file('etc/hosts'),
  file('etc/resolv.conf'),
  { path: 'etc/mtab', kind: 'symlink', target: '/proc/mounts' },
  // Many programs look for it to find out whether they are in a container.
  file('.dockerenv', 0o755),
];

/** Makes the init layer, or puts right what of it is not as it should be. */
export async function ensureInitLayer(paths: Paths): Promise<void> {
  for (const dir of [paths.initLayer, paths.trash])
    await mkdir(dir, { recursive: true, mode: 0o700 });
  for (const entry of entries) await ensure(paths, entry);
  for (const entry of entries)
    if (entry.kind === 'directory') await removeStrangers(paths, entry.path);
}

async function ensure(paths: Paths, entry: Entry): Promise<void> {
  const path = join(paths.initLayer, entry.path);
  if (await isRight(path, entry)) return;
  const stat = await lstatOrNothing(path);
  const isReusable = entry.kind === 'directory' && stat?.isDirectory();
  if (stat && !isReusable) await removeTree(path, paths.trash);
  if (entry.kind === 'symlink') await symlink(entry.target, path);
  else if (entry.kind === 'file') await (await open(path, 'wx', entry.mode)).close();
  else if (!isReusable) await mkdir(path);
  if (entry.kind !== 'symlink') await chmod(path, entry.mode);
  if (process.getuid?.() === 0) await lchown(path, 0, 0);
}

async function isRight(path: string, entry: Entry): Promise<boolean> {
  const stat = await lstatOrNothing(path);
  if (!stat || stat.uid !== process.getuid?.() || stat.gid !== process.getgid?.()) return false;
  if (entry.kind === 'symlink')
    return stat.isSymbolicLink() && (await readlink(path)) === entry.target;
  if ((stat.mode & 0o7777) !== entry.mode) return false;
  return entry.kind === 'directory' ? stat.isDirectory() : stat.isFile() && stat.size === 0;
}

async function removeStrangers(paths: Paths, path: string): Promise<void> {
  for (const name of await readdir(join(paths.initLayer, path)))
    if (!entries.some((entry) => entry.path === join(path, name)))
      await removeTree(join(paths.initLayer, path, name), paths.trash);
}

async function lstatOrNothing(path: string) {
  try {
    return await lstat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
