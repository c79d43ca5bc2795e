/**
 * The root of another mount namespace, without what is mounted in it: a copy of that one mount, which is nowhere.
 * mount_namespaces(7), open_tree(2)
 */
import { constants } from './ffi.ts';
import { close, open } from './files.ts';
import { openTree } from './mount-calls.ts';
import { hop, openNamespace, unshare } from './namespaces.ts';

/**
 * @param pid a process in that namespace; the caller holds it, so that it is no other's
 * @returns a descriptor
 */
export function cloneRootMount(pid: number): number {
  const namespace = openNamespace('mnt', pid);
  try {
    return hopToMounts(namespace, () =>
      openTree(constants.AT_FDCWD, '/', ['OPEN_TREE_CLONE', 'OPEN_TREE_CLOEXEC']),
    );
  } finally {
    close(namespace);
  }
}

/**
 * As `hop`, into a mount namespace: setns(2) wants the working directory for this thread alone, and changes it, so
 * it is kept and put back.
 */
export function hopToMounts<T>(into: number | 'new', work: () => T): T {
  // Each time: a thread that was started since shares it again.
  unshare(['CLONE_FS']);
  const folder = open('.', ['O_PATH', 'O_DIRECTORY', 'O_CLOEXEC']);
  try {
    return hop(into, work, 'mnt');
  } finally {
    process.chdir(`/proc/self/fd/${folder}`);
    close(folder);
  }
}
