/** An overlay that is mounted nowhere: it exists as a descriptor, and is gone when that is closed. */
import { close } from './files.ts';
import { fsconfig, fsmount, fsopen } from './mounts.ts';

/**
 * A read-only overlay of folders. Needs `lowerdir+` (Linux 6.5, see `overlayLowerdirPlus`).
 * @param layers top first, at least two
 * @returns descriptor of its root (CLOEXEC)
 */
export function detachedOverlay(layers: readonly string[]): number {
  const fs = fsopen('overlay');
  try {
    for (const layer of layers) fsconfig(fs, 'FSCONFIG_SET_STRING', 'lowerdir+', layer);
    fsconfig(fs, 'FSCONFIG_CMD_CREATE');
    return fsmount(fs, ['FSMOUNT_CLOEXEC'], ['MOUNT_ATTR_RDONLY', 'MOUNT_ATTR_NODEV']);
  } finally {
    close(fs);
  }
}
