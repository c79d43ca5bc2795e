/* The part of the C library that the shim needs, which is little more than the system calls themselves. A static glibc
 * would be 700 KB in every shim; this is 4. The prototypes are those of the system's headers. Where arm64 lacks an
 * old call, its *at form stands in, as in every C library. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>
#include "syscall.h"

#define KERNEL_SIGSET_BYTES 8

static int last_error;
int *__errno_location(void) { return &last_error; }

static long result(long ret) {
  if (ret >= 0 || ret < -4095) return ret;
  last_error = (int)-ret;
  return -1;
}

#define CALL6(n, a, b, c, d, e, f) \
  result(raw_syscall(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f)))
#define CALL4(n, a, b, c, d) CALL6(n, a, b, c, d, 0, 0)
#define CALL3(n, a, b, c) CALL6(n, a, b, c, 0, 0, 0)
#define CALL2(n, a, b) CALL6(n, a, b, 0, 0, 0, 0)
#define CALL1(n, a) CALL6(n, a, 0, 0, 0, 0, 0)

long syscall(long n, ...) {
  long args[6];
  va_list list;
  va_start(list, n);
  for (int i = 0; i < 6; i++) args[i] = va_arg(list, long);
  va_end(list);
  return CALL6(n, args[0], args[1], args[2], args[3], args[4], args[5]);
}

_Noreturn void _exit(int status) {
  for (;;) raw_syscall(SYS_exit_group, status, 0, 0, 0, 0, 0);
}

/* -- descriptors -- */

static unsigned mode_of(va_list list, int flags) {
  return flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)) ? va_arg(list, unsigned) : 0;
}

int open(const char *path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  unsigned mode = mode_of(list, flags);
  va_end(list);
  return (int)CALL4(SYS_openat, AT_FDCWD, path, flags, mode);
}

int openat(int dir, const char *path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  unsigned mode = mode_of(list, flags);
  va_end(list);
  return (int)CALL4(SYS_openat, dir, path, flags, mode);
}

int fcntl(int fd, int command, ...) {
  va_list list;
  va_start(list, command);
  long value = va_arg(list, long);
  va_end(list);
  return (int)CALL3(SYS_fcntl, fd, command, value);
}

int ioctl(int fd, unsigned long request, ...) {
  va_list list;
  va_start(list, request);
  long value = va_arg(list, long);
  va_end(list);
  return (int)CALL3(SYS_ioctl, fd, request, value);
}

int close(int fd) { return (int)CALL1(SYS_close, fd); }
int pipe2(int ends[2], int flags) { return (int)CALL2(SYS_pipe2, ends, flags); }
int dup2(int fd, int to) {
#ifdef SYS_dup2
  return (int)CALL2(SYS_dup2, fd, to);
#else
  return (int)CALL3(SYS_dup3, fd, to, 0);
#endif
}
ssize_t read(int fd, void *bytes, size_t length) { return CALL3(SYS_read, fd, bytes, length); }
ssize_t write(int fd, const void *bytes, size_t length) { return CALL3(SYS_write, fd, bytes, length); }
ssize_t pread(int fd, void *bytes, size_t length, off_t at) { return CALL4(SYS_pread64, fd, bytes, length, at); }
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
  return CALL4(SYS_pwrite64, fd, bytes, length, at);
}
int fsync(int fd) { return (int)CALL1(SYS_fsync, fd); }
int ftruncate(int fd, off_t length) { return (int)CALL2(SYS_ftruncate, fd, length); }
int fallocate(int fd, int mode, off_t at, off_t length) { return (int)CALL4(SYS_fallocate, fd, mode, at, length); }

/* -- files and folders -- */

#ifdef SYS_mkdir
int mkdir(const char *path, mode_t mode) { return (int)CALL2(SYS_mkdir, path, mode); }
int mknod(const char *path, mode_t mode, dev_t device) { return (int)CALL3(SYS_mknod, path, mode, device); }
int symlink(const char *target, const char *path) { return (int)CALL2(SYS_symlink, target, path); }
int chmod(const char *path, mode_t mode) { return (int)CALL2(SYS_chmod, path, mode); }
#else
int mkdir(const char *path, mode_t mode) { return (int)CALL3(SYS_mkdirat, AT_FDCWD, path, mode); }
int mknod(const char *path, mode_t mode, dev_t device) {
  return (int)CALL4(SYS_mknodat, AT_FDCWD, path, mode, device);
}
int symlink(const char *target, const char *path) { return (int)CALL3(SYS_symlinkat, target, AT_FDCWD, path); }
int chmod(const char *path, mode_t mode) { return (int)CALL3(SYS_fchmodat, AT_FDCWD, path, mode); }
#endif
int mkdirat(int dir, const char *path, mode_t mode) { return (int)CALL3(SYS_mkdirat, dir, path, mode); }
int fchown(int fd, uid_t uid, gid_t gid) { return (int)CALL3(SYS_fchown, fd, uid, gid); }
int stat(const char *path, struct stat *status) { return (int)CALL4(SYS_newfstatat, AT_FDCWD, path, status, 0); }
int fstat(int fd, struct stat *status) { return (int)CALL2(SYS_fstat, fd, status); }
mode_t umask(mode_t mask) { return (mode_t)CALL1(SYS_umask, mask); }
int chdir(const char *path) { return (int)CALL1(SYS_chdir, path); }
int fchdir(int fd) { return (int)CALL1(SYS_fchdir, fd); }
int renameat(int from_dir, const char *from, int to_dir, const char *to) {
  return (int)CALL6(SYS_renameat2, from_dir, from, to_dir, to, 0, 0);
}
int rename(const char *from, const char *to) { return renameat(AT_FDCWD, from, AT_FDCWD, to); }
dev_t gnu_dev_makedev(unsigned major, unsigned minor) {
  dev_t high = major, low = minor;
  return (high & 0xfff) << 8 | (high & ~(dev_t)0xfff) << 32 | (low & 0xff) | (low & ~(dev_t)0xff) << 12;
}

/* -- mounts, namespaces, identity -- */

int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data) {
  return (int)CALL6(SYS_mount, source, target, type, flags, data, 0);
}
int umount2(const char *target, int flags) { return (int)CALL2(SYS_umount2, target, flags); }
int setns(int fd, int type) { return (int)CALL2(SYS_setns, fd, type); }
int unshare(int flags) { return (int)CALL1(SYS_unshare, flags); }
int sethostname(const char *name, size_t length) { return (int)CALL2(SYS_sethostname, name, length); }
int setdomainname(const char *name, size_t length) { return (int)CALL2(SYS_setdomainname, name, length); }
pid_t setsid(void) { return (pid_t)CALL1(SYS_setsid, 0); }
uid_t geteuid(void) { return (uid_t)CALL1(SYS_geteuid, 0); }
int prctl(int option, ...) {
  unsigned long args[4];
  va_list list;
  va_start(list, option);
  for (int i = 0; i < 4; i++) args[i] = va_arg(list, unsigned long);
  va_end(list);
  return (int)CALL6(SYS_prctl, option, args[0], args[1], args[2], args[3], 0);
}

/* -- processes, memory, signals -- */

int execve(const char *file, char *const argv[], char *const envp[]) {
  return (int)CALL3(SYS_execve, file, argv, envp);
}
pid_t waitpid(pid_t pid, int *status, int options) { return (pid_t)CALL4(SYS_wait4, pid, status, options, 0); }
int kill(pid_t pid, int signal_number) { return (int)CALL2(SYS_kill, pid, signal_number); }
void *mmap(void *at, size_t length, int protection, int flags, int fd, off_t offset) {
  return (void *)CALL6(SYS_mmap, at, length, protection, flags, fd, offset);
}
int munmap(void *at, size_t length) { return (int)CALL2(SYS_munmap, at, length); }
int madvise(void *at, size_t length, int advice) { return (int)CALL3(SYS_madvise, at, length, advice); }

/* SIG_IGN and SIG_DFL alone are set, which need no code to return from a handler. */
__sighandler_t signal(int number, __sighandler_t handler) {
  struct { __sighandler_t handler; unsigned long flags; void *restorer; uint64_t mask; } action = {handler, 0, 0, 0};
  return CALL4(SYS_rt_sigaction, number, &action, 0, KERNEL_SIGSET_BYTES) < 0 ? SIG_ERR : SIG_DFL;
}
int sigemptyset(sigset_t *set) { return set->__val[0] = 0, 0; }
int sigaddset(sigset_t *set, int number) { return set->__val[0] |= 1ul << (number - 1), 0; }
int sigprocmask(int how, const sigset_t *restrict set, sigset_t *restrict old) {
  return (int)CALL4(SYS_rt_sigprocmask, how, set, old, KERNEL_SIGSET_BYTES);
}
int signalfd(int fd, const sigset_t *set, int flags) {
  return (int)CALL4(SYS_signalfd4, fd, set, KERNEL_SIGSET_BYTES, flags);
}

/* -- epoll and sockets -- */

int epoll_create1(int flags) { return (int)CALL1(SYS_epoll_create1, flags); }
int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event) {
  return (int)CALL4(SYS_epoll_ctl, epoll, operation, fd, event);
}
int epoll_wait(int epoll, struct epoll_event *events, int room, int timeout) {
  return (int)CALL6(SYS_epoll_pwait, epoll, events, room, timeout, 0, 0);
}
int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
  return (int)CALL4(SYS_accept4, fd, address, length, flags);
}
ssize_t send(int fd, const void *bytes, size_t length, int flags) {
  return CALL6(SYS_sendto, fd, bytes, length, flags, 0, 0);
}
ssize_t recv(int fd, void *bytes, size_t length, int flags) {
  return CALL6(SYS_recvfrom, fd, bytes, length, flags, 0, 0);
}
ssize_t recvmsg(int fd, struct msghdr *message, int flags) { return CALL3(SYS_recvmsg, fd, message, flags); }
int shutdown(int fd, int how) { return (int)CALL2(SYS_shutdown, fd, how); }
int getsockopt(int fd, int level, int name, void *value, socklen_t *length) {
  return (int)CALL6(SYS_getsockopt, fd, level, name, value, length, 0);
}
