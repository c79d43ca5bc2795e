/** An overlay that is mounted nowhere: it exists as a descriptor, and is gone when that is closed. */
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants } from './ffi.ts';
import { close, open } from './files.ts';
import { fsconfig, fsmount, fsopen, mount, openTree, umount2 } from './mount-calls.ts';
import { overlayLowerdirPlus } from './overlay.ts';

/** Where a writable overlay keeps what is written; both on one filesystem, in use by no other overlay. */
export interface WritableLayer {
  upper: string;
  work: string;
}

/**
 * An overlay as a descriptor: its files can be opened under it, and it is gone when it and all that was opened
 * under it are closed. Devices on it cannot be opened. The layers are named by descriptors: so no path is too
 * long and none needs escaping.
 * @param layers folders, top first; at least two, or one beneath a writable layer
 * @param top without it the overlay is read-only
 */
export function detachedOverlay(layers: readonly string[], top?: WritableLayer): number {
  const fds: number[] = [];
  const hold = (path: string) => {
    const fd = open(path, ['O_PATH', 'O_DIRECTORY', 'O_CLOEXEC']);
    fds.push(fd);
    return `/proc/self/fd/${fd}`;
  };
  try {
    const held = {
      layers: layers.map(hold),
      top: top && { upper: hold(top.upper), work: hold(top.work) },
    };
    return overlayLowerdirPlus() ? mountByContext(held) : mountByPath(held);
  } finally {
    for (const fd of fds) close(fd);
  }
}

interface Held {
  layers: readonly string[];
  top: WritableLayer | undefined;
}

function mountByContext({ layers, top }: Held): number {
  const fs = fsopen('overlay');
  const set = (key: string, value: string) => fsconfig(fs, 'FSCONFIG_SET_STRING', key, value);
  try {
    for (const layer of layers) set('lowerdir+', layer);
    if (top) set('upperdir', top.upper);
    if (top) set('workdir', top.work);
    fsconfig(fs, 'FSCONFIG_CMD_CREATE');
    return fsmount(
      fs,
      ['FSMOUNT_CLOEXEC'],
      [...(top ? [] : ['MOUNT_ATTR_RDONLY']), 'MOUNT_ATTR_NODEV', 'MOUNT_ATTR_NOSUID'],
    );
  } finally {
    close(fs);
  }
}

/** Before 6.7: mounted for a moment, copied as a descriptor, unmounted. */
function mountByPath({ layers, top }: Held): number {
  const target = mkdtempSync(join(tmpdir(), 'petri-overlay-'));
  const own = top ? `,upperdir=${top.upper},workdir=${top.work}` : '';
  const data = `lowerdir=${layers.join(':')}${own}`;
  const flags = [...(top ? [] : ['MS_RDONLY']), 'MS_NODEV', 'MS_NOSUID'];
  try {
    mount({ source: 'overlay', target, fstype: 'overlay', flags, data });
    try {
      return openTree(constants.AT_FDCWD, target, ['OPEN_TREE_CLONE', 'OPEN_TREE_CLOEXEC']);
    } finally {
      umount2(target, ['MNT_DETACH']);
    }
  } finally {
    rmdirSync(target);
  }
}
