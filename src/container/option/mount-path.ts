/** Paths of mounts: absolute, normal, and not where nothing may be mounted. Messages are docker's. Pure. */
import { posix } from 'node:path';
import type { Refuse } from './mount-point.ts';

const MAX_PATH_BYTES = 4095;
const MAX_NAME_BYTES = 255;

export function mountPath(text: string, refuse: Refuse): string {
  if (!text.startsWith('/'))
    throw refuse(`invalid mount path: '${text}' mount path must be absolute`);
  const normal = posix.normalize(text).replace(/(.)\/$/, '$1');
  const isLong = (part: string) => Buffer.byteLength(part) > MAX_NAME_BYTES;
  if (Buffer.byteLength(normal) > MAX_PATH_BYTES || normal.split('/').some(isLong))
    throw refuse('the path, or a name in it, is longer than the kernel takes');
  return normal;
}

/** Nothing may lie over /proc: what is checked and hidden there must be what it seems (CVE-2019-19921). */
export function targetPath(text: string, refuse: Refuse): string {
  const target = mountPath(text, refuse);
  if (target === '/') throw refuse("invalid specification: destination can't be '/'");
  if (target === '/proc' || target.startsWith('/proc/'))
    throw refuse(`${JSON.stringify(target)} cannot be mounted because it is inside /proc`);
  return target;
}

/** How many names the path has. */
export function depth(target: string): number {
  return target.split('/').filter(Boolean).length;
}
