/**
 * File calls relative to a directory's descriptor, for trees whose content nobody vouches for (image
 * layers). Names are bytes, as the kernel has them: a name in an archive need not be UTF-8.
 *
 * Contract
 * - `openBeneath` never leaves `dir` and never follows a symbolic link, not even in the middle of a path.
 * - all others act on one plain name in `dir`, or on the descriptor itself, and follow nothing.
 *
 * openat2(2), path_resolution(7)
 */
import { KernelError } from '../errors/errors.ts';
import { check, constants, declare } from './ffi.ts';

/** A file name as bytes; a string is taken as UTF-8. */
export type Name = Buffer | string;

export interface Time {
  /** Seconds since 1970, negative before it. */
  seconds: number;
  /** 0 to 999,999,999. */
  nanoseconds: number;
}

type Syncfs = {
  async(fd: number, done: (error: Error | null, ret: number) => void): void;
};

const calls = {
  openat2: declare('long syscall(long, int, const void*, const void*, unsigned long)'),
  mkdirat: declare('int mkdirat(int, const void*, unsigned int)'),
  symlinkat: declare('int symlinkat(const void*, int, const void*)'),
  linkat: declare('int linkat(int, const void*, int, const void*, int)'),
  unlinkat: declare('int unlinkat(int, const void*, int)'),
  mknodat: declare('int mknodat(int, const void*, unsigned int, unsigned long)'),
  fchownat: declare('int fchownat(int, const void*, unsigned int, unsigned int, int)'),
  utimensat: declare('int utimensat(int, const void*, const void*, int)'),
  setxattr: declare('int setxattr(const void*, const void*, const void*, unsigned long, int)'),
  readlinkat: declare('long readlinkat(int, const void*, void*, unsigned long)'),
  listxattr: declare('long listxattr(const void*, void*, unsigned long)'),
  getxattr: declare('long getxattr(const void*, const void*, void*, unsigned long)'),
  syncfs: declare('int syncfs(int)') as unknown as Syncfs,
};

const beneath =
  constants.RESOLVE_BENEATH | constants.RESOLVE_NO_SYMLINKS | constants.RESOLVE_NO_MAGICLINKS;
const empty = bytes('');

/**
 * Opens `path` under `dir`, following no symbolic link and leaving `dir` by no `..`.
 * @param mode permission bits for a file that is created
 * @returns the descriptor, close-on-exec
 * @throws KernelError: ELOOP at a symbolic link, EXDEV on leaving, ENOENT, ENOTDIR, …
 */
export function openBeneath(dir: number, path: Name, flags: number, mode = 0): number {
  return openAt(dir, path, flags, mode, beneath);
}

/**
 * openat2(2) with the resolve flags given.
 * @param resolve RESOLVE_* bits; 0 resolves as open(2) does
 */
export function openAt(
  dir: number,
  path: Name,
  flags: number,
  mode: number,
  resolve: number,
): number {
  const how = Buffer.alloc(24);
  how.writeBigUInt64LE(BigInt(flags | constants.O_CLOEXEC), 0);
  how.writeBigUInt64LE(BigInt(mode), 8);
  how.writeBigUInt64LE(BigInt(resolve), 16);
  const ret = calls.openat2(constants.SYS_openat2, dir, bytes(path), how, how.length);
  return check(ret, 'openat2', [show(path)]);
}

/** mkdirat(2); the umask applies. */
export function makeDirectoryAt(dir: number, name: Name, mode: number): void {
  check(calls.mkdirat(dir, bytes(name), mode), 'mkdirat', [show(name)]);
}

/** symlinkat(2): `name` will hold `target`, whatever that is. */
export function makeSymlinkAt(target: Name, dir: number, name: Name): void {
  check(calls.symlinkat(bytes(target), dir, bytes(name)), 'symlinkat', [show(target), show(name)]);
}

/** linkat(2) without AT_SYMLINK_FOLLOW: a link to a symbolic link is a link to that link. */
export function makeLinkAt(fromDir: number, fromName: Name, dir: number, name: Name): void {
  const ret = calls.linkat(fromDir, bytes(fromName), dir, bytes(name), 0);
  check(ret, 'linkat', [show(fromName), show(name)]);
}

/**
 * mknodat(2) for devices and fifos; the umask applies.
 * @param mode S_IFCHR, S_IFBLK or S_IFIFO and permission bits
 */
export function makeNodeAt(
  dir: number,
  name: Name,
  mode: number,
  major: number,
  minor: number,
): void {
  const ret = calls.mknodat(dir, bytes(name), mode, deviceNumber(major, minor));
  check(ret, 'mknodat', [show(name), `${major}:${minor}`]);
}

/** unlinkat(2); `directory` says that `name` is one (and empty). */
export function unlinkAt(dir: number, name: Name, directory = false): void {
  const ret = calls.unlinkat(dir, bytes(name), directory ? constants.AT_REMOVEDIR : 0);
  check(ret, 'unlinkat', [show(name)]);
}

/** Owner of what `fd` refers to, be it a symbolic link opened with O_PATH. fchownat(2) */
export function changeOwner(fd: number, uid: number, gid: number): void {
  const flags = constants.AT_EMPTY_PATH | constants.AT_SYMLINK_NOFOLLOW;
  check(calls.fchownat(fd, empty, uid, gid, flags), 'fchownat', [String(uid), String(gid)]);
}

/** Access and modification time of what `fd` refers to (O_PATH too). utimensat(2), Linux 5.8 */
export function changeTimes(fd: number, access: Time, modification: Time): void {
  const times = Buffer.alloc(32);
  [access, modification].forEach((time, i) => {
    times.writeBigInt64LE(BigInt(time.seconds), i * 16);
    times.writeBigInt64LE(BigInt(time.nanoseconds), i * 16 + 8);
  });
  check(calls.utimensat(fd, empty, times, constants.AT_EMPTY_PATH), 'utimensat');
}

/**
 * Sets an extended attribute on what `fd` refers to. The kernel resolves /proc/self/fd/N to that very
 * object, so this works for O_PATH descriptors, which fsetxattr(2) refuses. xattr(7)
 */
export function setXattr(fd: number, name: Name, value: Buffer): void {
  // An empty value still needs a pointer.
  const data = value.length > 0 ? value : Buffer.alloc(1);
  const ret = calls.setxattr(bytes(`/proc/self/fd/${fd}`), bytes(name), data, value.length, 0);
  check(ret, 'setxattr', [show(name)]);
}

/** Target of the symbolic link that `fd` (opened with O_PATH and O_NOFOLLOW) refers to. readlinkat(2) */
export function readLink(fd: number): Buffer {
  const target = Buffer.alloc(4096);
  return target.subarray(
    0,
    check(calls.readlinkat(fd, empty, target, target.length), 'readlinkat'),
  );
}

/** The most bytes the kernel gives for a list of attributes and for a value: XATTR_LIST_MAX. */
const xattrBytes = Buffer.alloc(65536);

/**
 * Names of the extended attributes of what `fd` refers to (O_PATH too, but no symbolic link).
 * A filesystem without attributes has none. listxattr(2)
 */
export function listXattrs(fd: number): string[] {
  const path = bytes(`/proc/self/fd/${fd}`);
  const length = calls.listxattr(path, xattrBytes, xattrBytes.length);
  if (length === 0) return [];
  try {
    check(length, 'listxattr');
  } catch (error) {
    if (error instanceof KernelError && error.code === 'EOPNOTSUPP') return [];
    throw error;
  }
  return xattrBytes.toString('utf8', 0, length - 1).split('\0');
}

/** An attribute's value; undefined when it is not there. getxattr(2) */
export function getXattr(fd: number, name: Name): Buffer | undefined {
  const path = bytes(`/proc/self/fd/${fd}`);
  const length = calls.getxattr(path, bytes(name), xattrBytes, xattrBytes.length);
  try {
    return Buffer.from(xattrBytes.subarray(0, check(length, 'getxattr', [show(name)])));
  } catch (error) {
    const absent = error instanceof KernelError && ['ENODATA', 'EOPNOTSUPP'].includes(error.code);
    if (absent) return undefined;
    throw error;
  }
}

/** Writes everything of the filesystem that holds `fd` to the disk, off the main thread. syncfs(2) */
export function syncFilesystem(fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    calls.syncfs.async(fd, (error, ret) => {
      if (error) reject(error);
      else if (ret < 0) reject(new Error('syncfs failed: the disk reports an error'));
      else resolve();
    });
  });
}

/** The kernel's dev_t for libc: makedev(3). */
function deviceNumber(major: number, minor: number): number {
  const high = BigInt(major) >> 12n;
  const low = BigInt(minor) >> 8n;
  const number =
    (high << 44n) | ((BigInt(major) & 0xfffn) << 8n) | (low << 20n) | (BigInt(minor) & 0xffn);
  return Number(number);
}

/** The name with its terminating NUL. */
function bytes(name: Name): Buffer {
  return typeof name === 'string' ? Buffer.from(`${name}\0`) : Buffer.concat([name, nul]);
}

const nul = Buffer.alloc(1);

/** A name for a message: bytes that are no UTF-8 become U+FFFD. */
function show(name: Name): string {
  return JSON.stringify(name.toString('utf8')).slice(1, -1);
}
