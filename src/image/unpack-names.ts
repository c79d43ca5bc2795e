/**
 * What the names in a layer mean: the components of a path, whiteouts, and which extended attributes
 * are kept. A layer is written by anybody; these are the rules it is read by.
 *
 * OCI image-spec, layer.md "Whiteouts"; overlayfs "whiteouts and opaque directories"
 */
import { InvalidError } from '../errors/errors.ts';
import { exceeded, type TarLimits } from './tar/limits.ts';

/** What an entry's last component asks for. */
export type Meaning =
  | { kind: 'plain' }
  /** Hide `name` of the layers below. */
  | { kind: 'whiteout'; name: Buffer }
  /** Hide all that the layers below have in this directory. */
  | { kind: 'opaque' }
  /** A mark of an old storage driver (`.wh..wh.plnk`): nothing to unpack. */
  | { kind: 'ignored' };

const slash = 0x2f;
const whiteoutPrefix = '.wh.';

/**
 * The components of a path, none of them empty, `.` or `..`; an absolute path is taken as beginning at the
 * image's root. The root itself has none.
 * @throws InvalidError for `..` anywhere
 */
export function components(path: Buffer, limits: TarLimits): Buffer[] {
  if (path.length === 0) throw new InvalidError('invalid archive: an entry has no name');
  const parts: Buffer[] = [];
  for (let start = 0; start <= path.length; ) {
    const next = path.indexOf(slash, start);
    const end = next < 0 ? path.length : next;
    const part = path.subarray(start, end);
    start = end + 1;
    if (part.length === 0 || part.equals(dot)) continue;
    if (part.equals(dotDot))
      throw new InvalidError(`invalid archive: entry ${show(path)} climbs out of the image by ..`);
    parts.push(part);
  }
  if (parts.length > limits.pathDepth) throw exceeded('pathDepth', limits, 'depth of a path');
  return parts;
}

const dot = Buffer.from('.');
const dotDot = Buffer.from('..');

/** @throws InvalidError for a whiteout that names no plain component */
export function meaningOf(name: Buffer): Meaning {
  if (name.toString('latin1', 0, whiteoutPrefix.length) !== whiteoutPrefix)
    return { kind: 'plain' };
  const hidden = name.subarray(whiteoutPrefix.length);
  if (hidden.toString('latin1') === '.wh..opq') return { kind: 'opaque' };
  if (hidden.toString('latin1', 0, 4) === whiteoutPrefix) return { kind: 'ignored' };
  if (hidden.length === 0 || hidden.equals(dot) || hidden.equals(dotDot))
    throw new InvalidError(`invalid archive: ${show(name)} is no whiteout of a plain name`);
  return { kind: 'whiteout', name: hidden };
}

/**
 * The meaning of a whole path. What lies beneath an old storage driver's folder is ignored with it; a
 * whiteout has nothing beneath it.
 */
export function meaningOfPath(path: Buffer[], meaning: typeof meaningOf): Meaning {
  for (const folder of path.slice(0, -1)) {
    const kind = meaning(folder).kind;
    if (kind === 'ignored') return { kind };
    if (kind !== 'plain')
      throw new InvalidError(`invalid archive: an entry lies beneath the whiteout ${show(folder)}`);
  }
  return meaning(path.at(-1) as Buffer);
}

/** The path with slashes again, relative to the root; the root is `.`. */
export function joined(path: Buffer[]): Buffer {
  if (path.length === 0) return dot;
  return Buffer.concat(path.flatMap((part, i) => (i > 0 ? [slashBytes, part] : [part])));
}

const slashBytes = Buffer.from('/');

/**
 * An image may bring file capabilities, access control lists and its own `user.*`. Overlay's marks would let
 * it redirect directories, and the host's labels (SELinux, IMA) are not for an image to set.
 */
export function isKeptXattr(name: string): boolean {
  if (name.startsWith('user.')) return !name.startsWith('user.overlay.');
  return (
    name === 'security.capability' ||
    name === 'system.posix_acl_access' ||
    name === 'system.posix_acl_default'
  );
}

/** A name for a message, on one line whatever its bytes are. */
export function show(name: Buffer): string {
  return JSON.stringify(name.toString('utf8').slice(0, 300));
}
