/** An overlay that is mounted nowhere: it exists as a descriptor, and is gone when that is closed. */
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants } from './ffi.ts';
import { close, open } from './files.ts';
import { fsconfig, fsmount, fsopen, mount, openTree, umount2 } from './mount-calls.ts';
import { overlayLowerdirPlus } from './overlay.ts';

/**
 * A read-only overlay as a descriptor: its files can be opened under it, and it is gone when it is closed.
 * The layers are named by descriptors: so no path is too long and none needs escaping.
 * @param layers folders, top first; at least two
 */
export function detachedOverlay(layers: readonly string[]): number {
  const fds: number[] = [];
  try {
    for (const layer of layers) fds.push(open(layer, ['O_PATH', 'O_DIRECTORY', 'O_CLOEXEC']));
    const paths = fds.map((fd) => `/proc/self/fd/${fd}`);
    return overlayLowerdirPlus() ? mountByContext(paths) : mountByPath(paths);
  } finally {
    for (const fd of fds) close(fd);
  }
}

function mountByContext(layers: readonly string[]): number {
  const fs = fsopen('overlay');
  try {
    for (const layer of layers) fsconfig(fs, 'FSCONFIG_SET_STRING', 'lowerdir+', layer);
    fsconfig(fs, 'FSCONFIG_CMD_CREATE');
    return fsmount(fs, ['FSMOUNT_CLOEXEC'], ['MOUNT_ATTR_RDONLY', 'MOUNT_ATTR_NODEV']);
  } finally {
    close(fs);
  }
}

/** Before 6.7: mounted for a moment, copied as a descriptor, unmounted. */
function mountByPath(layers: readonly string[]): number {
  const target = mkdtempSync(join(tmpdir(), 'petri-overlay-'));
  try {
    const data = `lowerdir=${layers.join(':')}`;
    mount({ source: 'overlay', target, fstype: 'overlay', flags: ['MS_RDONLY', 'MS_NODEV'], data });
    try {
      return openTree(constants.AT_FDCWD, target, ['OPEN_TREE_CLONE', 'OPEN_TREE_CLOEXEC']);
    } finally {
      umount2(target, ['MNT_DETACH']);
    }
  } finally {
    rmdirSync(target);
  }
}
