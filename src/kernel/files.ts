/**
 * Files and folders by the plain system calls, synchronously: for steps and for kernel files (cgroups,
 * sysctls), where one call is one step. Reading and writing ordinary files goes through node:fs.
 */
import { KernelError } from '../errors/errors.ts';
import { check, constants, declare, flagBits } from './ffi.ts';

const c = {
  mkdir: declare('int mkdir(const char *path, unsigned int mode)'),
  rmdir: declare('int rmdir(const char *path)'),
  unlink: declare('int unlink(const char *path)'),
  mknod: declare('int mknod(const char *path, unsigned int mode, unsigned long device)'),
  open: declare('int open(const char *path, int flags, unsigned int mode)'),
  openat2: declare(
    'long syscall(long number, int dir, const char *path, const void *how, size_t size)',
  ),
  close: declare('int close(int fd)'),
  write: declare('long write(int fd, const void *data, size_t length)'),
  flock: declare('int flock(int fd, int operation)'),
  umask: declare('unsigned int umask(unsigned int mask)'),
  symlink: declare('int symlink(const char *target, const char *path)'),
  rename: declare('int rename(const char *from, const char *to)'),
  chmod: declare('int chmod(const char *path, unsigned int mode)'),
};

type Flags = readonly string[] | number;

/** Flags by name or as a number. */
export function bits(flags: Flags): number {
  return typeof flags === 'number' ? flags : flagBits(flags);
}

/** mkdir(2) */
export function mkdir(path: string, mode: number): void {
  check(c.mkdir(path, mode), 'mkdir', [path]);
}

/** rmdir(2) */
export function rmdir(path: string): void {
  check(c.rmdir(path), 'rmdir', [path]);
}

/** unlink(2) */
export function unlink(path: string): void {
  check(c.unlink(path), 'unlink', [path]);
}

/**
 * mknod(2)
 * @param mode type and permissions, e.g. S_IFCHR | 0o666
 */
export function mknod(path: string, mode: number, major = 0, minor = 0): void {
  check(c.mknod(path, mode, makedev(major, minor)), 'mknod', [path, `${major}:${minor}`]);
}

/** The kernel's packing of a device number for user space: makedev(3). */
export function makedev(major: number, minor: number): number {
  return Number(
    (BigInt(major & 0xfffff000) << 32n) |
      (BigInt(major & 0xfff) << 8n) |
      (BigInt(minor & 0xffffff00) << 12n) |
      BigInt(minor & 0xff),
  );
}

/**
 * open(2)
 * @param flags e.g. `['O_PATH', 'O_CLOEXEC']`
 * @returns the descriptor
 */
export function open(path: string, flags: Flags, mode = 0): number {
  return check(c.open(path, bits(flags), mode), 'open', [path]);
}

export interface OpenHow {
  flags: Flags;
  mode?: number;
  /** e.g. `['RESOLVE_IN_ROOT']` */
  resolve: Flags;
}

/**
 * openat2(2): the path is resolved under `dir` and cannot leave it, whatever links lie on the way.
 * @param dir descriptor of the folder that is taken for the root, or AT_FDCWD
 */
export function openat2(dir: number, path: string, { flags, mode = 0, resolve }: OpenHow): number {
  const how = new BigUint64Array([BigInt(bits(flags)), BigInt(mode), BigInt(bits(resolve))]);
  const ret = c.openat2(constants.SYS_openat2, dir, path, how, how.byteLength);
  return check(ret, 'openat2', [String(dir), path]);
}

/** close(2) */
export function close(fd: number): void {
  check(c.close(fd), 'close', [String(fd)]);
}

/**
 * Writes a kernel file with one open, one write, one close: the kernel takes each write as one command.
 * The file must exist.
 */
export function writeFile(path: string, data: string): void {
  const fd = check(
    c.open(path, flagBits(['O_WRONLY', 'O_CLOEXEC']), 0),
    'open',
    [path],
    path.includes('/cgroup/') ? 'is the controller enabled for this group?' : undefined,
  );
  try {
    const bytes = Buffer.from(data);
    check(c.write(fd, bytes, bytes.length), 'write', [path, JSON.stringify(data)]);
  } finally {
    close(fd);
  }
}

/**
 * Takes the exclusive lock on a file, which is made if need be. The lock goes with the descriptor: the
 * kernel drops it when the process ends, however it ends. flock(2).
 * @returns the descriptor that holds the lock, or `held` when another process has it
 */
export function flock(path: string): number | 'held' {
  const fd = open(path, ['O_RDWR', 'O_CREAT', 'O_CLOEXEC', 'O_NOFOLLOW'], 0o600);
  try {
    check(c.flock(fd, constants.LOCK_EX | constants.LOCK_NB), 'flock', [path]);
    return fd;
  } catch (error) {
    close(fd);
    if (error instanceof KernelError && error.code === 'EAGAIN') return 'held';
    throw error;
  }
}

/** umask(2): @returns the mask before */
export function umask(mask: number): number {
  return c.umask(mask);
}

/** symlink(2) */
export function symlink(target: string, path: string): void {
  check(c.symlink(target, path), 'symlink', [target, path]);
}

/** rename(2) */
export function rename(from: string, to: string): void {
  check(c.rename(from, to), 'rename', [from, to]);
}

/** chmod(2) */
export function chmod(path: string, mode: number): void {
  check(c.chmod(path, mode), 'chmod', [path, mode.toString(8)]);
}
