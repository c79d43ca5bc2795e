/**
 * Mounts: mount(2), umount2(2), and the newer calls in which a mount is a descriptor before it has a place
 * (open_tree, move_mount, fsopen, fsconfig, fsmount, mount_setattr), called by number because glibc has
 * wrappers for them only since 2.36.
 */
import { KernelError } from '../errors/errors.ts';
import { check, constants, declare } from './ffi.ts';
import { bits } from './files.ts';

type Flags = readonly string[] | number;

const c = {
  mount: declare(
    'int mount(const char *source, const char *target, const char *fstype, unsigned long flags, const char *data)',
  ),
  umount2: declare('int umount2(const char *target, int flags)'),
  openTree: declare('long syscall(long number, int dir, const char *path, unsigned int flags)'),
  moveMount: declare(
    'long syscall(long number, int from, const char *fromPath, int to, const char *toPath, unsigned int flags)',
  ),
  fsopen: declare('long syscall(long number, const char *fstype, unsigned int flags)'),
  fsconfig: declare(
    'long syscall(long number, int fs, unsigned int command, const char *key, const char *value, int aux)',
  ),
  fsmount: declare(
    'long syscall(long number, int fs, unsigned int flags, unsigned int attributes)',
  ),
  mountSetattr: declare(
    'long syscall(long number, int dir, const char *path, unsigned int flags, const void *attributes, size_t size)',
  ),
};

export interface MountArgs {
  source: string | null;
  target: string;
  fstype: string | null;
  flags: Flags;
  data?: string | null;
}

/** What the plain errno hides; mount(2) says ENOSPC when the namespace has too many mounts. */
const MOUNT_HINTS: Readonly<Record<string, string>> = {
  ENODEV: 'the kernel does not know this file system',
  ENOSPC: 'too many mounts, see /proc/sys/fs/mount-max',
  EINVAL: 'the kernel log (dmesg) may say which option it refused',
  ELOOP: 'too many links, or an overlay on more than two overlays',
};

/** mount(2) */
export function mount({ source, target, fstype, flags, data = null }: MountArgs): void {
  const ret = c.mount(source, target, fstype, bits(flags), data);
  checkMount(ret, 'mount', [source ?? 'none', target, fstype ?? '']);
}

type InBackground = {
  async(...args: [...unknown[], (error: Error | null, ret: number) => void]): void;
};

/** mount(2) on another thread: of what is reached over a network it may take minutes. */
export function mountInBackground({
  source,
  target,
  fstype,
  flags,
  data = null,
}: MountArgs): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = c.mount as unknown as InBackground;
    call.async(source, target, fstype, bits(flags), data, (error, ret) => {
      try {
        if (error) throw error;
        checkMount(ret, 'mount', [source ?? 'none', target, fstype ?? '']);
        resolve();
      } catch (failure) {
        reject(failure);
      }
    });
  });
}

/** umount2(2). @param flags e.g. `['MNT_DETACH']` */
export function umount2(target: string, flags: Flags): void {
  check(c.umount2(target, bits(flags)), 'umount2', [target]);
}

/** open_tree(2): a mount, or with OPEN_TREE_CLONE a copy of it that is nowhere yet. @returns a descriptor */
export function openTree(dir: number, path: string, flags: Flags): number {
  return check(c.openTree(constants.SYS_open_tree, dir, path, bits(flags)), 'open_tree', [
    String(dir),
    path,
  ]);
}

export interface MoveMountArgs {
  from: number;
  fromPath?: string;
  to: number;
  toPath?: string;
  flags: Flags;
}

/** move_mount(2): gives a mount its place; with the EMPTY_PATH flags both ends are descriptors. */
export function moveMount({ from, fromPath = '', to, toPath = '', flags }: MoveMountArgs): void {
  const ret = c.moveMount(constants.SYS_move_mount, from, fromPath, to, toPath, bits(flags));
  checkMount(ret, 'move_mount', [`${from} ${fromPath}`.trim(), `${to} ${toPath}`.trim()]);
}

/** fsopen(2): begins a file system. @returns the descriptor that fsconfig and fsmount take */
export function fsopen(fstype: string, flags: Flags = ['FSOPEN_CLOEXEC']): number {
  return checkMount(c.fsopen(constants.SYS_fsopen, fstype, bits(flags)), 'fsopen', [fstype]);
}

/** fsconfig(2). @param command e.g. `FSCONFIG_SET_STRING` */
export function fsconfig(
  fs: number,
  command: 'FSCONFIG_SET_FLAG' | 'FSCONFIG_SET_STRING' | 'FSCONFIG_SET_FD' | 'FSCONFIG_CMD_CREATE',
  key: string | null = null,
  value: string | null = null,
  aux = 0,
): void {
  const ret = c.fsconfig(constants.SYS_fsconfig, fs, constants[command], key, value, aux);
  checkMount(ret, 'fsconfig', [command, key ?? '', value ?? '']);
}

/** fsmount(2): @returns a mount that is nowhere yet */
export function fsmount(
  fs: number,
  flags: Flags = ['FSMOUNT_CLOEXEC'],
  attributes: Flags = 0,
): number {
  return checkMount(c.fsmount(constants.SYS_fsmount, fs, bits(flags), bits(attributes)), 'fsmount');
}

export interface MountAttributes {
  set?: Flags;
  clear?: Flags;
  propagation?: Flags;
}

/** mount_setattr(2), with struct mount_attr: set, clear, propagation, user namespace. */
export function mountSetattr(
  dir: number,
  path: string,
  flags: Flags,
  { set = 0, clear = 0, propagation = 0 }: MountAttributes,
): void {
  const attributes = new BigUint64Array(
    [set, clear, propagation, 0].map((each) => BigInt(bits(each))),
  );
  const ret = c.mountSetattr(
    constants.SYS_mount_setattr,
    dir,
    path,
    bits(flags),
    attributes,
    attributes.byteLength,
  );
  check(ret, 'mount_setattr', [String(dir), path]);
}

function checkMount(ret: number, call: string, on: readonly string[] = []): number {
  try {
    return check(ret, call, on);
  } catch (error) {
    if (!(error instanceof KernelError) || !(error.code in MOUNT_HINTS)) throw error;
    throw new KernelError(call, error.errno, error.code, on, MOUNT_HINTS[error.code]);
  }
}
