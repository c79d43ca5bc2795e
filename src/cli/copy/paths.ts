/**
 * Paths as `docker cp` takes them: `CONTAINER:PATH` or a local one, and what a `/` or `/.` at the end means. Pure.
 * https://docs.docker.com/reference/cli/docker/container/cp/
 */
import { posix } from 'node:path';

export interface Place {
  /** Undefined for a local path. */
  container: string | undefined;
  path: string;
}

/** A path that begins with `/` or `.` is local, whatever colons it has. */
export function parsePlace(text: string): Place {
  const colon = text.indexOf(':');
  if (colon < 0 || text.startsWith('/') || text.startsWith('.'))
    return { container: undefined, path: text };
  return { container: text.slice(0, colon), path: text.slice(colon + 1) };
}

/** `/a/.` asks for what is in the folder. */
export function endsInDot(path: string): boolean {
  return /(^|\/)\.\/*$/.test(path);
}

/** Says that it is a folder: `a/`, `a/.` */
export function assertsFolder(path: string): boolean {
  return path.endsWith('/') || endsInDot(path);
}

/** Absolute and clean, with the `/` or `/.` it ended in. */
export function absolutePath(path: string, from: string): string {
  const clean = posix.resolve(from, path);
  if (endsInDot(path)) return clean === '/' ? '/.' : `${clean}/.`;
  return path.endsWith('/') && clean !== '/' ? `${clean}/` : clean;
}

/** Folder and last name; the last name of `/a/.` is `.`, of `/a/` it is `a`. */
export function splitLast(path: string): { folder: string; name: string } {
  if (endsInDot(path)) return { folder: posix.normalize(path), name: '.' };
  const clean = posix.normalize(path).replace(/(.)\/$/, '$1');
  return { folder: posix.dirname(clean), name: clean === '/' ? '/' : posix.basename(clean) };
}
