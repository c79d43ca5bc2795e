/* Who the process is and what it may do: sessions, users, capabilities, limits, seccomp. Raw system calls where the C
 * library would do more than the one call. */
#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "executor.h"

long op_setsid(struct call *call) {
  (void)call;
  return setsid();
}

long op_setgroups(struct call *call) {
  static gid_t groups[NGROUPS_MAX];
  uint32_t count = take_u32(&call->in);
  if (count > NGROUPS_MAX) return errno = EINVAL, -1;
  for (uint32_t i = 0; i < count; i++) groups[i] = (gid_t)arg_int(call);
  return syscall(SYS_setgroups, (size_t)count, groups);
}

long op_setresgid(struct call *call) {
  gid_t real = (gid_t)arg_int(call), effective = (gid_t)arg_int(call), saved = (gid_t)arg_int(call);
  return syscall(SYS_setresgid, real, effective, saved);
}

long op_setresuid(struct call *call) {
  uid_t real = (uid_t)arg_int(call), effective = (uid_t)arg_int(call), saved = (uid_t)arg_int(call);
  return syscall(SYS_setresuid, real, effective, saved);
}

long op_prctl(struct call *call) {
  int option = (int)arg_int(call);
  unsigned long a2 = (unsigned long)arg_int(call), a3 = (unsigned long)arg_int(call);
  unsigned long a4 = (unsigned long)arg_int(call), a5 = (unsigned long)arg_int(call);
  return prctl(option, a2, a3, a4, a5);
}

/* The kernel answers EINVAL for the first capability it does not know. */
long op_capbset(struct call *call) {
  uint64_t keep = (uint64_t)arg_int(call);
  long dropped = 0;
  for (unsigned long capability = 0; capability < 64; capability++) {
    if (prctl(PR_CAPBSET_READ, capability, 0, 0, 0) < 0) break;
    if (keep >> capability & 1) continue;
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0) return -1;
    dropped++;
  }
  return dropped;
}

long op_capset(struct call *call) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  uint64_t effective = (uint64_t)arg_int(call), permitted = (uint64_t)arg_int(call);
  uint64_t inheritable = (uint64_t)arg_int(call);
  for (int i = 0; i < 2; i++) {
    data[i].effective = (uint32_t)(effective >> 32 * i);
    data[i].permitted = (uint32_t)(permitted >> 32 * i);
    data[i].inheritable = (uint32_t)(inheritable >> 32 * i);
  }
  return syscall(SYS_capset, &header, data);
}

long op_prlimit64(struct call *call) {
  int resource = (int)arg_int(call);
  struct { uint64_t soft, hard; } limit;
  limit.soft = (uint64_t)arg_int(call);
  limit.hard = (uint64_t)arg_int(call);
  return syscall(SYS_prlimit64, 0, resource, &limit, NULL);
}

long op_seccomp(struct call *call) {
  unsigned flags = (unsigned)arg_int(call);
  uint32_t length;
  const uint8_t *filter = take_bytes(&call->in, &length);
  struct sock_fprog program = {(unsigned short)(length / 8), (struct sock_filter *)(uintptr_t)filter};
  return syscall(SYS_seccomp, 1 /* SECCOMP_SET_MODE_FILTER */, flags, &program);
}
