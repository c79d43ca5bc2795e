/** Files in memory that nobody can change any more: memfd_create(2), F_ADD_SEALS in fcntl(2). */
import { writeSync } from 'node:fs';
import { KernelError } from '../errors/errors.ts';
import { check, constants, declare, flagBits } from './ffi.ts';
import { close } from './files.ts';

const c = {
  memfdCreate: declare('long syscall(long number, const char *name, unsigned int flags)'),
  fcntl: declare('int fcntl(int fd, int command, int argument)'),
};

/** Since 6.3 `vm.memfd_noexec` can forbid executing what does not ask for it; older kernels refuse the flag. */
const MFD_EXEC = 0x10;

const SEALS = flagBits(['F_SEAL_WRITE', 'F_SEAL_SHRINK', 'F_SEAL_GROW', 'F_SEAL_SEAL']);

/**
 * A file in memory with this content, sealed: neither the process that executes or reads it, nor a
 * container that finds it in /proc, can write to it (the hole of CVE-2019-5736).
 * @param name shown in /proc/PID/fd, e.g. `petri-shim`
 * @returns its descriptor (CLOEXEC), position at the start
 */
export function sealedMemfd(name: string, bytes: Uint8Array): number {
  const fd = memfdCreate(name);
  try {
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(fd, bytes, done, bytes.length - done, done);
    }
    check(c.fcntl(fd, constants.F_ADD_SEALS, SEALS), 'fcntl', [name, 'F_ADD_SEALS']);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

/** An empty file in memory (CLOEXEC), not sealed. */
export function memfdCreate(name: string): number {
  const flags = flagBits(['MFD_CLOEXEC', 'MFD_ALLOW_SEALING']);
  const create = (more: number) =>
    check(c.memfdCreate(constants.SYS_memfd_create, name, flags | more), 'memfd_create', [name]);
  try {
    return create(MFD_EXEC);
  } catch (error) {
    if (error instanceof KernelError && error.code === 'EINVAL') return create(0);
    throw error;
  }
}
