/**
 * The root of a container that does not run, with the folders of the host and the volumes that are mounted in it: an
 * overlay, put together in a mount namespace of its own, in which nobody lives. Neither the host nor another container
 * sees it, and it is gone with its descriptors. mount_namespaces(7), move_mount(2)
 */
import { closeSync } from 'node:fs';
import { KernelError } from '../errors/errors.ts';
import { detachedOverlay, type WritableLayer } from '../kernel/detached-overlay.ts';
import { constants } from '../kernel/ffi.ts';
import { umask } from '../kernel/files.ts';
import { makeDirectoryAt, openAt } from '../kernel/files-at.ts';
import { mount, mountSetattr, moveMount, openTree } from '../kernel/mount-calls.ts';
import { openNamespace } from '../kernel/namespaces.ts';
import { hopToMounts } from '../kernel/root-mount.ts';
import { inRoot } from './root-path.ts';

export interface MountedRoot {
  /** The root with all that is mounted in it. */
  root: number;
  /** Without. */
  bare: number;
  close(): void;
}

/** A folder or file of the host and its place. */
export interface RootMount {
  source: string;
  /** In the source, and never out of it; empty: all of it. */
  subpath: string;
  target: string;
  kind: 'file' | 'directory';
  recursive: boolean;
  readOnly: boolean;
}

/**
 * @param mounts the shallower first
 * @param place an empty folder
 * @throws KernelError
 */
export function mountRoot(
  layers: readonly string[],
  top: WritableLayer,
  mounts: readonly RootMount[],
  place: string,
): MountedRoot {
  const root = detachedOverlay(layers, top);
  const held = [root];
  const close = () => {
    for (const fd of held) closeSync(fd);
  };
  try {
    // Most containers have none: then no namespace is needed.
    const bare = mounts.length === 0 ? root : mountAll(root, mounts, place, held);
    return { root, bare, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** @param held what must stay open is added to it */
function mountAll(
  root: number,
  mounts: readonly RootMount[],
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
    // What is made to mount on may be entered by all.
    const mask = umask(0o022);
    try {
      for (const one of mounts) mountOne(root, one);
    } finally {
      umask(mask);
    }
    return bare;
  });
}

/** A source that is not there is left out, and so is one whose place is no folder and cannot be made one. */
function mountOne(root: number, one: RootMount): void {
  const opened: number[] = [];
  const hold = (fd: number) => {
    opened.push(fd);
    return fd;
  };
  try {
    const tree = hold(takeSource(one, hold));
    const at = hold(openPlace(root, one));
    const ends = ['MOVE_MOUNT_F_EMPTY_PATH', 'MOVE_MOUNT_T_EMPTY_PATH'];
    moveMount({ from: tree, to: at, flags: ends });
  } catch (error) {
    const isLeftOut =
      error instanceof KernelError && ['ENOENT', 'ENOTDIR', 'EEXIST'].includes(error.code);
    if (!isLeftOut) throw error;
  } finally {
    for (const fd of opened) closeSync(fd);
  }
}

function takeSource(
  { source, subpath, recursive, readOnly }: RootMount,
  hold: (fd: number) => number,
): number {
  const more = recursive ? ['AT_RECURSIVE'] : [];
  const flags = ['OPEN_TREE_CLONE', 'OPEN_TREE_CLOEXEC', ...more];
  const tree = subpath
    ? openTree(hold(openPart(source, subpath, hold)), '', [...flags, 'AT_EMPTY_PATH'])
    : openTree(constants.AT_FDCWD, source, flags);
  if (readOnly) mountSetattr(tree, '', ['AT_EMPTY_PATH', ...more], { set: ['MOUNT_ATTR_RDONLY'] });
  return tree;
}

function openPart(source: string, subpath: string, hold: (fd: number) => number): number {
  const { AT_FDCWD, O_PATH, O_DIRECTORY, RESOLVE_BENEATH, RESOLVE_NO_MAGICLINKS } = constants;
  const whole = hold(openAt(AT_FDCWD, source, O_PATH | O_DIRECTORY, 0, 0));
  return openAt(whole, subpath, O_PATH, 0, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
}

/** A folder that no start has made yet is made, as docker does it; every name is resolved in the root. */
function openPlace(root: number, { target, kind }: RootMount): number {
  const names = target.split('/').filter(Boolean);
  const folders = kind === 'directory' ? names.length : names.length - 1;
  for (let depth = 1; depth <= folders; depth++)
    ensureFolder(root, names.slice(0, depth - 1).join('/') || '.', names[depth - 1] ?? '');
  return openAt(root, target, constants.O_PATH, 0, inRoot);
}

function ensureFolder(root: number, above: string, name: string): void {
  const { O_PATH, O_DIRECTORY } = constants;
  const folder = openAt(root, above, O_PATH | O_DIRECTORY, 0, inRoot);
  try {
    makeDirectoryAt(folder, name, 0o755);
  } catch (error) {
    if (!(error instanceof KernelError && ['EEXIST', 'EROFS'].includes(error.code))) throw error;
  } finally {
    closeSync(folder);
  }
}
