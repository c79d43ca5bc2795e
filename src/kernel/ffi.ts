/**
 * The door to libc: koffi signatures are declared here and nowhere else, and every call goes through
 * `check`, which turns -1 into a KernelError with the errno's name.
 *
 * Calls are synchronous and happen on the calling (main) thread; that is what makes hops into another
 * namespace possible (see namespaces.ts), and why nothing here may block for long.
 */
import koffi from 'koffi';
import { KernelError } from '../errors/errors.ts';
import { type ConstantName, constants, errnoNames } from './generated/constants.ts';

export { constants };

export const libc = koffi.load('libc.so.6');

/**
 * Declares a libc function by its C prototype.
 * @param prototype e.g. `int mount(const char*, const char*, const char*, unsigned long, const void*)`
 */
export function declare(prototype: string): (...args: unknown[]) => number {
  return libc.func(prototype) as unknown as (...args: unknown[]) => number;
}

/**
 * @param ret the call's return value; negative means failure, with errno set
 * @param call the call's name for the message
 * @param on what it was attempted on
 * @param hint what the user can do about it
 * @throws KernelError carrying errno, its name, `on` and the hint
 */
export function check(
  ret: number,
  call: string,
  on: readonly string[] = [],
  hint?: string,
): number {
  if (ret >= 0) return ret;
  const errno = koffi.errno();
  throw new KernelError(call, errno, errnoName(errno), on, hint ?? HINTS[errnoName(errno)]);
}

/** What to do about errors that can come from any call. */
const HINTS: Readonly<Record<string, string>> = {
  EMFILE: 'the process has too many open files: raise its limit, ulimit -n',
  ENFILE: 'the host has too many open files: raise /proc/sys/fs/file-max',
  ENOSPC: 'the disk or a limit of the kernel is full: see df, df -i',
  ENOSYS: 'the kernel does not have this call, or a seccomp filter hides it',
  EROFS: 'the file system is mounted read-only',
};

export function errnoName(errno: number): string {
  return errnoNames[errno] ?? `errno ${errno}`;
}

/** The number behind a flag's name, or behind several or-ed together. */
export function flagBits(names: readonly string[]): number {
  let bits = 0n;
  for (const name of names) {
    const value = constants[name as ConstantName];
    if (value === undefined) throw new TypeError(`unknown kernel constant ${name}`);
    bits |= BigInt(value);
  }
  return Number(bits);
}
