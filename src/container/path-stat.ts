/** `HEAD /containers/{id}/archive`: what a path in a container is. */
import { closeSync } from 'node:fs';
import { type Attributes, attributesOf, type Kind } from '../image/attributes.ts';
import type { Engine } from './engine.ts';
import { withRoot } from './root.ts';
import { baseName, cleanPath, openPath, targetText } from './root-path.ts';
import type { Container } from './table.ts';

/** As the API tells it, in the header `X-Docker-Container-Path-Stat`. */
export interface PathStat {
  name: string;
  size: number;
  /** Go's `fs.FileMode`. */
  mode: number;
  mtime: string;
  /** Where a link leads after all links; empty for all else. */
  linkTarget: string;
}

/** @throws NotFoundError with docker's words */
export function statPath(engine: Engine, container: Container, path: string): Promise<PathStat> {
  return withRoot(engine, container, async (root) => {
    const fd = openPath(root, cleanPath(path), container.name);
    try {
      return pathStat(root, fd, cleanPath(path));
    } finally {
      closeSync(fd);
    }
  });
}

/** @param fd what the clean path names */
export function pathStat(root: number, fd: number, path: string): PathStat {
  const attributes = attributesOf(fd);
  return {
    name: baseName(path),
    size: attributes.size,
    mode: goMode(attributes),
    mtime: rfc3339(attributes.mtime),
    linkTarget: attributes.kind === 'symlink' ? targetText(root, path) : '',
  };
}

/** The years that four digits can say, in seconds since 1970. */
const firstSecond = -62_135_596_800;
const lastSecond = 253_402_300_799;

function rfc3339({ seconds, nanoseconds }: Attributes['mtime']): string {
  const within = Math.min(Math.max(seconds, firstSecond), lastSecond);
  const day = new Date(within * 1000).toISOString().slice(0, 19);
  return `${day}.${String(nanoseconds).padStart(9, '0')}Z`;
}

/** The type bits of Go's io/fs.FileMode. */
const typeBits: Readonly<Record<Kind, number>> = {
  file: 0,
  directory: 2 ** 31,
  symlink: 2 ** 27,
  block: 2 ** 26,
  fifo: 2 ** 25,
  socket: 2 ** 24,
  char: 2 ** 26 + 2 ** 21,
};

/** Go keeps setuid, setgid and sticky apart from the permissions. Pure. */
export function goMode({ kind, mode }: Pick<Attributes, 'kind' | 'mode'>): number {
  const special =
    (mode & 0o4000 ? 2 ** 23 : 0) + (mode & 0o2000 ? 2 ** 22 : 0) + (mode & 0o1000 ? 2 ** 20 : 0);
  return typeBits[kind] + special + (mode & 0o777);
}
