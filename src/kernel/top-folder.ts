/**
 * `chattr +T`: tells ext4 that the folders in this one have nothing to do with each other, so that each gets block groups of its
 * own. A freshly unpacked tree in the group of one just deleted is slow: for each new inode the kernel walks past those that
 * were freed within the last minute (fs/ext4/ialloc.c, recently_deleted). chattr(1), ioctl_iflags(2)
 */
import { closeSync, constants as fs, openSync } from 'node:fs';
import { declare } from './ffi.ts';

const ioctl = declare('int ioctl(int, unsigned long, void*)');

/** linux/fs.h, which cannot be included beside sys/mount.h; the same on x86-64 and arm64. */
const FS_IOC_GETFLAGS = 0x80086601;
const FS_IOC_SETFLAGS = 0x40086602;
const FS_TOPDIR_FL = 0x20000;

/** @returns false when the filesystem knows no such thing */
export function markTopFolder(path: string): boolean {
  const fd = openSync(path, fs.O_RDONLY | fs.O_DIRECTORY);
  try {
    const flags = Buffer.alloc(8);
    if (ioctl(fd, FS_IOC_GETFLAGS, flags) !== 0) return false;
    const before = flags.readUInt32LE();
    if (before & FS_TOPDIR_FL) return true;
    flags.writeUInt32LE(before | FS_TOPDIR_FL);
    return ioctl(fd, FS_IOC_SETFLAGS, flags) === 0;
  } finally {
    closeSync(fd);
  }
}
