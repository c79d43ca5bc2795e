/**
 * Paths in a container as `docker cp` understands them: cleaned as text, the folders resolved inside the root
 * with all links, the last name taken as it is. A `/` or `/.` at the end means the folder behind a link.
 *
 * openat2(2); https://docs.docker.com/reference/cli/docker/container/cp/
 */
import { closeSync } from 'node:fs';
import { posix } from 'node:path';
import { InvalidError, KernelError, NotFoundError } from '../errors/errors.ts';
import { constants } from '../kernel/ffi.ts';
import { openAt, readLink } from '../kernel/files-at.ts';

const { O_PATH, O_DIRECTORY, O_NOFOLLOW, RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS } = constants;

/** How every path of a container is opened from outside. */
export const inRoot = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;

/** Absolute and without `..`; a `/` or `/.` at the end stays. Pure. */
export function cleanPath(path: string): string {
  const clean = posix.normalize(`/${path}`).replace(/(.)\/$/, '$1');
  const isFolder = /(^|\/)\.\/*$/.test(path);
  if (isFolder) return clean === '/' ? '/.' : `${clean}/.`;
  return path.endsWith('/') && clean !== '/' ? `${clean}/` : clean;
}

/** The last name of a clean path: `.` for `/a/.`, `a` for `/a/`, `/` for `/`. Pure. */
export function baseName(path: string): string {
  return path === '/' ? '/' : posix.basename(path);
}

/**
 * Opens what a clean path names; a link at its end is not followed.
 * @returns a descriptor opened with O_PATH
 * @throws NotFoundError, InvalidError; `container` is for their words
 */
export function openPath(root: number, path: string, container: string): number {
  const at = path.lastIndexOf('/') + 1;
  const [folders, name] = [path.slice(0, at), path.slice(at)];
  return told(path, container, () => {
    const folder = openAt(root, folders, O_PATH | O_DIRECTORY, 0, inRoot);
    if (name === '' || name === '.') return folder;
    try {
      return openAt(folder, name, O_PATH | O_NOFOLLOW, 0, inRoot);
    } finally {
      closeSync(folder);
    }
  });
}

/** Opens what a path names after all links. @throws as openPath */
export function openTarget(root: number, path: string, container: string): number {
  return told(path, container, () => openAt(root, path, O_PATH, 0, inRoot));
}

function told<T>(path: string, container: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    const code = error instanceof KernelError ? error.code : '';
    if (code === 'ENOENT')
      throw new NotFoundError(`Could not find the file ${path} in container ${container}`, {
        cause: error,
      });
    const reason = reasons[code];
    if (!reason) throw error;
    throw new InvalidError(`cannot open ${path} in container ${container}: ${reason}`, {
      cause: error,
    });
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOTDIR: 'not a directory',
  ELOOP: 'too many links, or a link of /proc that leads out of the container',
  ENAMETOOLONG: 'a name is too long',
};

/** As many as the kernel follows. */
const linksMax = 40;

/**
 * Where a path leads after all links, as text, whether it is there or not: what a client is told of a link. Nothing
 * is opened by it.
 */
export function targetText(root: number, path: string): string {
  let resolved: string[] = [];
  const left = path.split('/');
  for (let links = 0; left.length > 0; ) {
    const name = left.shift() ?? '';
    if (name === '..') resolved.pop();
    if (name === '' || name === '.' || name === '..') continue;
    const target = links < linksMax ? linkAt(root, [...resolved, name].join('/')) : undefined;
    if (target === undefined) {
      resolved.push(name);
      continue;
    }
    links++;
    if (target.startsWith('/')) resolved = [];
    left.unshift(...target.split('/'));
  }
  return `/${resolved.join('/')}`;
}

function linkAt(root: number, path: string): string | undefined {
  let fd: number | undefined;
  try {
    fd = openAt(root, path, O_PATH | O_NOFOLLOW, 0, inRoot);
    return readLink(fd).toString('utf8');
  } catch (error) {
    // ENOENT is also what readlinkat(2) says of an object that is no link.
    if (error instanceof KernelError) return undefined;
    throw error;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
