/* Some calls have numbers that are pointers or that would break the shim itself. Of these only the
 * values below are in the vocabulary; anything else makes the whole plan malformed. */
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include "wire.h"

static int64_t integer_after_slot(const struct record *record) {
  struct cursor c = {record->args, record->args + record->length, false};
  take_u32(&c);
  return take_i64(&c);
}

static int64_t first_integer(const struct record *record) {
  struct cursor c = {record->args, record->args + record->length, false};
  return take_i64(&c);
}

static bool ioctl_allowed(int64_t request) {
  return request == TIOCSPTLCK || request == TIOCGPTPEER || request == TIOCSCTTY;
}

static bool prctl_allowed(int64_t option) {
  switch (option) {
    case PR_SET_PDEATHSIG:
    case PR_SET_DUMPABLE:
    case PR_SET_KEEPCAPS:
    case PR_SET_SECUREBITS:
    case PR_SET_TIMERSLACK:
    case PR_SET_CHILD_SUBREAPER:
    case PR_SET_NO_NEW_PRIVS:
    case PR_SET_THP_DISABLE:
    case PR_CAP_AMBIENT:
    case PR_CAPBSET_DROP: return true;
    default: return false;
  }
}

/* Sharing memory or files with the shim is never wanted; the lowest byte is the exit signal. */
static bool clone_allowed(const struct record *record) {
  int64_t flags = first_integer(record);
  const int64_t namespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                             CLONE_NEWPID | CLONE_NEWNET | 0x80 /* CLONE_NEWTIME */;
  return (flags & ~(namespaces | CLONE_VFORK | CLONE_PIDFD | 0x200000000 /* CLONE_INTO_CGROUP */)) == 0;
}

static bool seccomp_allowed(const struct record *record) {
  struct cursor c = {record->args, record->args + record->length, false};
  uint32_t length;
  take_i64(&c);
  take_bytes(&c, &length);
  return length > 0 && length % 8 == 0 && length / 8 <= 4096;
}

bool record_allowed(const struct record *record) {
  switch (record->op) {
    case OP_ioctl: return ioctl_allowed(integer_after_slot(record));
    case OP_prctl: return prctl_allowed(first_integer(record));
    case OP_clone3: return clone_allowed(record);
    case OP_clone: return (first_integer(record) & ~(int64_t)CLONE_VFORK) == CLONE_PARENT;
    case OP_seccomp: return seccomp_allowed(record);
    default: return true;
  }
}
