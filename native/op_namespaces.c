/* clone3 and the namespaces. */
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "executor.h"

#define INTO_CGROUP 0x200000000ULL /* CLONE_INTO_CGROUP; older headers lack it */

/* struct clone_args of <linux/sched.h>, as of Linux 5.7 */
struct clone_arguments {
  uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

/* Returns twice: 0 in the child, which has its own copy of the memory and goes on on the same stack. */
long op_clone3(struct call *call) {
  struct clone_arguments args = {.exit_signal = SIGCHLD};
  int pidfd = -1;
  args.flags = (uint64_t)arg_int(call) | CLONE_VFORK;
  int cgroup = arg_fd(call), out = arg_out(call);
  if (out >= 0) {
    args.flags |= CLONE_PIDFD;
    args.pidfd = (uintptr_t)&pidfd;
  }
  if (cgroup >= 0) {
    args.flags |= INTO_CGROUP;
    args.cgroup = (uint64_t)cgroup;
  }
  long pid = syscall(SYS_clone3, &args, sizeof args);
  if (pid > 0) put(call, out, pidfd);
  return pid;
}

/* A sibling, whose end the shim hears; the kernel notes its pid before it runs. Returns twice, too. */
long op_clone(struct call *call) {
  unsigned long flags = (unsigned long)arg_int(call) | CLONE_VFORK | CLONE_PARENT_SETTID;
  return syscall(SYS_clone, flags, 0, call->executor->born, 0, 0);
}

long op_setns(struct call *call) {
  int fd = arg_fd(call);
  return setns(fd, (int)arg_int(call));
}

long op_unshare(struct call *call) { return unshare((int)arg_int(call)); }

long op_sethostname(struct call *call) {
  const char *name = arg_str(call);
  return sethostname(name, strlen(name));
}

long op_setdomainname(struct call *call) {
  const char *name = arg_str(call);
  return setdomainname(name, strlen(name));
}
