/**
 * The root of a container that does not run, with the folders of the host that are mounted in it: an overlay, put
 * together in a mount namespace of its own, in which nobody lives. Neither the host nor another container sees it,
 * and it is gone with its descriptors. mount_namespaces(7), move_mount(2)
 */
import { closeSync } from 'node:fs';
import { KernelError } from '../errors/errors.ts';
import { detachedOverlay, type WritableLayer } from '../kernel/detached-overlay.ts';
import { constants } from '../kernel/ffi.ts';
import { openAt } from '../kernel/files-at.ts';
import { mount, mountSetattr, moveMount, openTree } from '../kernel/mount-calls.ts';
import { openNamespace } from '../kernel/namespaces.ts';
import { hopToMounts } from '../kernel/root-mount.ts';
import type { BindMount } from './option/mount-points.ts';
import { inRoot } from './root-path.ts';

export interface MountedRoot {
  /** The root with all that is mounted in it. */
  root: number;
  /** Without. */
  bare: number;
  close(): void;
}

/**
 * @param place an empty folder
 * @throws KernelError
 */
export function mountRoot(
  layers: readonly string[],
  top: WritableLayer,
  binds: readonly BindMount[],
  place: string,
): MountedRoot {
  const root = detachedOverlay(layers, top);
  const held = [root];
  const close = () => {
    for (const fd of held) closeSync(fd);
  };
  try {
    // Most containers have none: then no namespace is needed.
    const bare = binds.length === 0 ? root : mountBinds(root, binds, place, held);
    return { root, bare, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** @param held what must stay open is added to it */
function mountBinds(
  root: number,
  binds: readonly BindMount[],
  place: string,
  held: number[],
): number {
  return hopToMounts('new', () => {
    mount({ source: null, target: '/', fstype: null, flags: ['MS_REC', 'MS_PRIVATE'] });
    moveMount({
      from: root,
      to: constants.AT_FDCWD,
      toPath: place,
      flags: ['MOVE_MOUNT_F_EMPTY_PATH'],
    });
    held.push(openNamespace('mnt'));
    const bare = openTree(root, '', ['AT_EMPTY_PATH', 'OPEN_TREE_CLONE', 'OPEN_TREE_CLOEXEC']);
    held.push(bare);
    for (const bind of binds) mountBind(root, bind);
    return bare;
  });
}

/** A source that is not there, or a place that no start has made yet, is left out. */
function mountBind(root: number, { source, target, recursive, readOnly }: BindMount): void {
  const opened: number[] = [];
  try {
    const more = recursive ? ['AT_RECURSIVE'] : [];
    const flags = ['OPEN_TREE_CLONE', 'OPEN_TREE_CLOEXEC', ...more];
    const tree = openTree(constants.AT_FDCWD, source, flags);
    opened.push(tree);
    if (readOnly)
      mountSetattr(tree, '', ['AT_EMPTY_PATH', ...more], { set: ['MOUNT_ATTR_RDONLY'] });
    const at = openAt(root, target, constants.O_PATH, 0, inRoot);
    opened.push(at);
    const ends = ['MOVE_MOUNT_F_EMPTY_PATH', 'MOVE_MOUNT_T_EMPTY_PATH'];
    moveMount({ from: tree, to: at, flags: ends });
  } catch (error) {
    if (!(error instanceof KernelError) || error.code !== 'ENOENT') throw error;
  } finally {
    for (const fd of opened) closeSync(fd);
  }
}
