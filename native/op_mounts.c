/* Operations on mounts, old interface (mount(2)) and new (open_tree(2), move_mount(2), fsopen(2)). By number, because
 * Debian 11's and Ubuntu 22.04's C libraries do not know the new ones. */
#include <stddef.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "executor.h"

long op_mount(struct call *call) {
  const char *source = arg_str(call), *target = arg_str(call), *fstype = arg_str(call);
  unsigned long flags = (unsigned long)arg_int(call);
  return mount(source, target, fstype, flags, arg_str(call));
}

long op_umount2(struct call *call) {
  const char *target = arg_str(call);
  return umount2(target, (int)arg_int(call));
}

long op_pivot_root(struct call *call) {
  const char *new_root = arg_str(call);
  return syscall(SYS_pivot_root, new_root, arg_str(call));
}

long op_open_tree(struct call *call) {
  int dir = arg_fd(call);
  const char *path = arg_str(call);
  unsigned flags = (unsigned)arg_int(call) | 02000000 /* OPEN_TREE_CLOEXEC */;
  int out = arg_out(call);
  return put(call, out, syscall(SYS_open_tree, dir, path, flags));
}

long op_move_mount(struct call *call) {
  int from = arg_fd(call);
  const char *from_path = arg_str(call);
  int to = arg_fd(call);
  const char *to_path = arg_str(call);
  return syscall(SYS_move_mount, from, from_path, to, to_path, (unsigned)arg_int(call));
}

long op_fsopen(struct call *call) {
  const char *fstype = arg_str(call);
  unsigned flags = (unsigned)arg_int(call) | 1 /* FSOPEN_CLOEXEC */;
  int out = arg_out(call);
  return put(call, out, syscall(SYS_fsopen, fstype, flags));
}

long op_fsconfig(struct call *call) {
  int fs = arg_fd(call);
  unsigned cmd = (unsigned)arg_int(call);
  const char *key = arg_str(call), *value = arg_str(call);
  return syscall(SYS_fsconfig, fs, cmd, key, value, (int)arg_int(call));
}

long op_fsmount(struct call *call) {
  int fs = arg_fd(call);
  unsigned flags = (unsigned)arg_int(call) | 1 /* FSMOUNT_CLOEXEC */;
  unsigned attr_flags = (unsigned)arg_int(call);
  int out = arg_out(call);
  return put(call, out, syscall(SYS_fsmount, fs, flags, attr_flags));
}

long op_mount_setattr(struct call *call) {
  struct { uint64_t set, clear, propagation, userns; } attr = {0}; /* struct mount_attr */
  int dir = arg_fd(call);
  const char *path = arg_str(call);
  unsigned flags = (unsigned)arg_int(call);
  attr.set = (uint64_t)arg_int(call);
  attr.clear = (uint64_t)arg_int(call);
  attr.propagation = (uint64_t)arg_int(call);
  return syscall(442 /* SYS_mount_setattr, the same everywhere */, dir, path, flags, &attr, sizeof attr);
}
