/* Operations on descriptors. All that they open is CLOEXEC whatever the flags say: what the program is to have is given
 * to it by dup2. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "executor.h"

long op_open(struct call *call) {
  const char *path = arg_str(call);
  int flags = (int)arg_int(call);
  mode_t mode = (mode_t)arg_int(call);
  int out = arg_out(call);
  return put(call, out, open(path, flags | O_CLOEXEC, mode));
}

long op_openat2(struct call *call) {
  struct open_how how = {0};
  int dir = arg_fd(call);
  const char *path = arg_str(call);
  how.flags = (uint64_t)arg_int(call) | O_CLOEXEC;
  how.mode = (uint64_t)arg_int(call);
  how.resolve = (uint64_t)arg_int(call);
  int out = arg_out(call);
  return put(call, out, syscall(SYS_openat2, dir, path, &how, sizeof how));
}

long op_close(struct call *call) {
  int slot = arg_out(call);
  if (slot < 0) return errno = EBADF, -1;
  int fd = call->executor->slots[slot];
  call->executor->slots[slot] = -1;
  return close(fd);
}

long op_close_range(struct call *call) {
  unsigned first = (unsigned)arg_int(call);
  unsigned last = (unsigned)arg_int(call);
  return syscall(SYS_close_range, first, last, (int)arg_int(call));
}

/* dup2(2) leaves CLOEXEC on when both are the same; the program would then lose it. */
long op_dup2(struct call *call) {
  int fd = arg_fd(call), to = (int)arg_int(call);
  if (fd == to) return fcntl(fd, F_SETFD, 0) < 0 ? -1 : to;
  return dup2(fd, to);
}

long op_dup3(struct call *call) {
  int fd = arg_fd(call), to = (int)arg_int(call), flags = (int)arg_int(call), out = arg_out(call);
  return put(call, out, syscall(SYS_dup3, fd, to, flags));
}

long op_pipe2(struct call *call) {
  int ends[2];
  int read_end = arg_out(call), write_end = arg_out(call);
  if (pipe2(ends, (int)arg_int(call) | O_CLOEXEC) < 0) return -1;
  put(call, read_end, ends[0]);
  put(call, write_end, ends[1]);
  return 0;
}

/* Of the three requests that allow.c lets through, TIOCSPTLCK alone takes a pointer, TIOCGPTPEER alone gives a
 * descriptor. */
long op_ioctl(struct call *call) {
  int fd = arg_fd(call);
  unsigned long request = (unsigned long)arg_int(call);
  int value = (int)arg_int(call), out = arg_out(call);
  if (request == TIOCSPTLCK) return ioctl(fd, request, &value);
  if (request == TIOCGPTPEER) return put(call, out, ioctl(fd, request, value | O_CLOEXEC));
  return ioctl(fd, request, value);
}
