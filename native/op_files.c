/* Operations on files and folders. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "executor.h"

long op_mkdir(struct call *call) {
  const char *path = arg_str(call);
  return mkdir(path, (mode_t)arg_int(call));
}

long op_mkdirat(struct call *call) {
  int dir = arg_fd(call);
  const char *path = arg_str(call);
  return mkdirat(dir, path, (mode_t)arg_int(call));
}

long op_mknod(struct call *call) {
  const char *path = arg_str(call);
  mode_t type = (mode_t)arg_int(call);
  mode_t mode = type | (mode_t)arg_int(call);
  unsigned major = (unsigned)arg_int(call), minor = (unsigned)arg_int(call);
  return mknod(path, mode, makedev(major, minor));
}

long op_symlink(struct call *call) {
  const char *target = arg_str(call);
  return symlink(target, arg_str(call));
}

long op_write(struct call *call) {
  const char *path = arg_str(call), *data = arg_str(call);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  long written = write(fd, data, strlen(data));
  int error = errno;
  close(fd);
  if (written >= 0 && (size_t)written != strlen(data)) written = -1, error = EIO;
  errno = error;
  return written;
}

long op_umask(struct call *call) { return (long)umask((mode_t)arg_int(call)); }

long op_chdir(struct call *call) { return chdir(arg_str(call)); }

long op_fchdir(struct call *call) { return fchdir(arg_fd(call)); }

/* The kernel says "(unreachable)/…" of a directory that is not under the root (getcwd(2)); a container whose working
 * directory is outside could walk over the host's files (CVE-2024-21626). */
long op_getcwd(struct call *call) {
  (void)call;
  char path[PATH_MAX];
  long length = syscall(SYS_getcwd, path, sizeof path);
  if (length > 0 && path[0] != '/') return errno = ENOENT, -1;
  return length;
}

long op_chmod(struct call *call) {
  const char *path = arg_str(call);
  return chmod(path, (mode_t)arg_int(call));
}

long op_fchown(struct call *call) {
  int fd = arg_fd(call);
  uid_t uid = (uid_t)arg_int(call);
  return fchown(fd, uid, (gid_t)arg_int(call));
}

long op_fchownat(struct call *call) {
  int dir = arg_fd(call);
  const char *path = arg_str(call);
  uid_t uid = (uid_t)arg_int(call);
  gid_t gid = (gid_t)arg_int(call);
  return syscall(SYS_fchownat, dir, path, uid, gid, (int)arg_int(call));
}
