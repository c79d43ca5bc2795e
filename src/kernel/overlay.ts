/**
 * What this kernel's overlay file system can do.
 * Kernel documentation, filesystems/overlayfs.
 */
import { KernelError } from '../errors/errors.ts';
import { close } from './files.ts';
import { fsconfig, fsopen } from './mount-calls.ts';

let known: boolean | undefined;

/**
 * Whether overlay takes its layers one by one (`lowerdir+`), which has no limit of one page for all paths.
 * Kernels before 6.5 take any option and complain at the mount, so an invented option is the counter-proof.
 * Mounts nothing.
 * @throws KernelError when there is no overlay at all
 */
export function overlayLowerdirPlus(): boolean {
  known ??= probe();
  return known;
}

function probe(): boolean {
  const fs = fsopen('overlay');
  try {
    return accepts(fs, 'lowerdir+') && !accepts(fs, 'petri-no-such-option');
  } finally {
    close(fs);
  }
}

function accepts(fs: number, option: string): boolean {
  try {
    fsconfig(fs, 'FSCONFIG_SET_STRING', option, '/');
    return true;
  } catch (error) {
    if (error instanceof KernelError && error.code === 'EINVAL') return false;
    throw error;
  }
}
