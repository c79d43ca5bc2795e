/**
 * Owner, mode, extended attributes and times of an unpacked entry, set through its descriptor: no path is
 * resolved a second time, so nothing can have been put in its place. chown(2), xattr(7)
 */
import { chmodSync } from 'node:fs';
import { InvalidError } from '../errors/errors.ts';
import { changeOwner, changeTimes, setXattr } from '../kernel/files-at.ts';
import { hasCode } from './remove-at.ts';
import type { TarEntry } from './tar/read.ts';
import { show } from './unpack-names.ts';

/**
 * @param fd may be opened with O_PATH
 * @param isKept which extended attributes are taken over
 */
export function applyMetadata(
  fd: number,
  entry: TarEntry,
  isKept: (xattr: string) => boolean,
): void {
  // The owner first: chown clears setuid bits and capabilities.
  changeOwner(fd, entry.uid, entry.gid);
  if (entry.type !== 'symlink') changeMode(fd, entry.mode);
  for (const [name, value] of entry.xattrs) if (isKept(name)) applyXattr(fd, name, value, entry);
  changeTimes(fd, entry.mtime, entry.mtime);
}

/** fchmod(2) refuses O_PATH descriptors; the kernel resolves /proc/self/fd/N to the very same object. */
export function changeMode(fd: number, mode: number): void {
  chmodSync(`/proc/self/fd/${fd}`, mode);
}

/** Hides what the layers below have in this directory. */
export function setOpaque(directory: number): void {
  setXattr(directory, 'trusted.overlay.opaque', Buffer.from('y'));
}

/** A filesystem without user attributes loses those, as with docker; a capability is never lost silently. */
function applyXattr(fd: number, name: string, value: Buffer, entry: TarEntry): void {
  try {
    setXattr(fd, name, value);
  } catch (error) {
    if (['EINVAL', 'ERANGE', 'E2BIG'].some((code) => hasCode(error, code)))
      throw new InvalidError(
        `invalid archive: entry ${show(entry.path)} has an attribute ${JSON.stringify(name)} that the kernel does not take`,
        { cause: error },
      );
    const isUnsupported = hasCode(error, 'EOPNOTSUPP') || hasCode(error, 'EPERM');
    if (!isUnsupported || name === 'security.capability') throw error;
  }
}
