/** Extended attributes of files, for tests. listxattr(2), getxattr(2) */
import { check, declare } from '../../src/kernel/ffi.ts';

const llistxattr = declare('long llistxattr(const char*, void*, unsigned long)');
const lgetxattr = declare('long lgetxattr(const char*, const char*, void*, unsigned long)');

/** The names of a file's attributes, sorted; a symbolic link is not followed. */
export function attributes(path: string): string[] {
  const buffer = Buffer.alloc(65536);
  const length = check(llistxattr(path, buffer, buffer.length), 'llistxattr', [path]);
  return buffer.toString('utf8', 0, length).split('\0').filter(Boolean).sort();
}

export function attribute(path: string, name: string): Buffer {
  const buffer = Buffer.alloc(65536);
  const length = check(lgetxattr(path, name, buffer, buffer.length), 'lgetxattr', [path, name]);
  return buffer.subarray(0, length);
}
