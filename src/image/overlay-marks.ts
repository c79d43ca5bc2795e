/**
 * The marks by which overlay remembers in its upper folder what is hidden below it.
 * Kernel documentation, filesystems/overlayfs, "whiteouts and opaque directories"
 */
import { SystemError } from '../errors/errors.ts';
import { getXattr } from '../kernel/files-at.ts';
import type { Attributes } from './attributes.ts';

/** A device 0:0 hides the name it has. */
export function isWhiteout({ kind, devMajor, devMinor }: Attributes): boolean {
  return kind === 'char' && devMajor === 0 && devMinor === 0;
}

/** Hides all that the layers below have in this folder. */
export function isOpaque(fd: number): boolean {
  return getXattr(fd, 'trusted.overlay.opaque')?.toString() === 'y';
}

/**
 * Some hosts let overlay keep only a name or the metadata in the upper folder, and the rest below: such a
 * folder is no layer by itself.
 * @throws SystemError when an attribute says so
 */
export function assertWhole(xattr: string): void {
  if (xattr === 'trusted.overlay.redirect' || xattr === 'trusted.overlay.metacopy')
    throw new SystemError(
      `the container's layer is not whole: this host's overlay uses ${xattr.split('.').at(-1)}; turn redirect_dir and metacopy off in /sys/module/overlay/parameters`,
    );
}
