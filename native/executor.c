/* The executor proper. The child that clone3 makes goes on in the same loop with the next record. While it does, the
 * shim sleeps in clone3 (CLONE_VFORK) until the child has executed its program or died, so no pipe is needed to hear
 * how it went: the shared results say it. */
#include "executor.h"
#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "clock.h"

int arg_fd(struct call *call) {
  int32_t slot = (int32_t)take_u32(&call->in);
  return slot < 0 ? slot : call->executor->slots[slot];
}

int arg_out(struct call *call) { return (int32_t)take_u32(&call->in); }

long put(struct call *call, int slot, long fd) {
  if (slot >= 0 && fd >= 0) call->executor->slots[slot] = (int)fd;
  return fd;
}

bool executor_open(struct executor *executor, const struct wire *wire) {
  size_t bytes = wire->record_count * sizeof(struct result) + sizeof *executor->born;
  executor->wire = wire;
  executor->results = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  executor->born = (int32_t *)(executor->results + wire->record_count);
  for (int i = 0; i < WIRE_MAX_SLOTS; i++) executor->slots[i] = -1;
  for (uint32_t i = 0; i < wire->inherited_count; i++)
    executor->slots[wire->inherited[i].slot] = wire->inherited[i].fd;
  return executor->results != MAP_FAILED && program_open(executor);
}

static long perform(struct executor *executor, const struct record *record) {
#define X(name, code, args) [code] = op_##name,
  static long (*const operations[])(struct call *) = {OPS(X)};
#undef X
  struct call call = {{record->args, record->args + record->length, false}, executor};
  return operations[record->op](&call);
}

static void begin(struct result *result) {
  result->start_ns = clock_ns(CLOCK_MONOTONIC);
  result->progress = BEGUN;
}

/* False when the step failed. */
static bool finish(struct result *result, const struct record *record, long ret, int error) {
  bool accepted = ret < 0 && error == record->accept;
  result->duration_ns = clock_ns(CLOCK_MONOTONIC) - result->start_ns;
  result->ret = accepted ? 0 : ret;
  result->error = ret < 0 && !accepted ? error : 0;
  result->progress = DONE;
  return result->error == 0;
}

/* A clone's own time ends where its child's first step begins. */
static void finish_clone(struct executor *executor, uint32_t clone, pid_t child) {
  struct result *result = &executor->results[clone], *next = result + 1;
  finish(result, &executor->wire->records[clone], child, 0);
  if (next->progress != NOT_BEGUN) result->duration_ns = next->start_ns - result->start_ns;
}

/* The child's part of the list. When it makes a child of its own, that one goes on with it. */
static _Noreturn void be_init(struct executor *executor, uint32_t from) {
  for (uint32_t i = from; i < executor->wire->record_count; i++) {
    const struct record *record = &executor->wire->records[i];
    struct result *result = &executor->results[i];
    begin(result);
    long ret = perform(executor, record);
    if (record->op == OP_clone && ret == 0) continue;
    if (record->op == OP_clone && ret > 0) finish_clone(executor, i, (pid_t)ret), _exit(0);
    if (!finish(result, record, ret, errno)) break;
  }
  _exit(127);
}

/* After the vfork: how far did init come? An execve that has begun and not failed has succeeded, or was
 * killed past the point of no return, which is an exit like any other. */
static int first_failed(struct executor *executor, uint32_t from) {
  uint32_t last = executor->wire->record_count - 1;
  for (uint32_t i = from; i < last; i++) {
    struct result *result = &executor->results[i];
    if (result->progress == DONE && result->error == 0) continue;
    if (result->progress != DONE) result->error = EINTR; /* killed before it could finish this step */
    return (int)i;
  }
  struct result *program = &executor->results[last];
  if (program->progress == BEGUN) return finish(program, &executor->wire->records[last], 0, 0), -1;
  if (program->progress == NOT_BEGUN) program->error = EINTR;
  return (int)last;
}

/* The child that the plan's last steps belong to. Its number lies in memory that a container's process could have
 * written to, so it is believed only if it is a child of ours. */
static pid_t heir_of(const struct executor *executor, pid_t child) {
  pid_t born = *executor->born;
  if (born <= 0) return child;
  return syscall(SYS_waitid, P_PID, born, NULL, WEXITED | WNOHANG | WNOWAIT, NULL) == 0 ? born : child;
}

static struct outcome parent_of(struct executor *executor, uint32_t clone, pid_t child) {
  finish_clone(executor, clone, child);
  return (struct outcome){first_failed(executor, clone + 1), heir_of(executor, child)};
}

static void size_terminal(const struct executor *executor) {
  struct winsize size = {.ws_row = executor->rows, .ws_col = executor->columns};
  if (executor->slots[SLOT_TERMINAL] >= 0 && size.ws_row && size.ws_col)
    ioctl(executor->slots[SLOT_TERMINAL], TIOCSWINSZ, &size);
}

struct outcome execute(struct executor *executor) {
  for (uint32_t i = 1;; i++) {
    const struct record *record = &executor->wire->records[i];
    struct result *result = &executor->results[i];
    if (record->op == OP_clone3) size_terminal(executor);
    begin(result);
    long ret = perform(executor, record);
    if (record->op == OP_clone3 && ret == 0) be_init(executor, i + 1);
    if (record->op == OP_clone3 && ret > 0) return parent_of(executor, i, (pid_t)ret);
    if (!finish(result, record, ret, errno)) return (struct outcome){(int)i, 0};
  }
}

void executor_release(struct executor *executor) {
  for (uint32_t i = SLOTS_KEPT; i < executor->wire->slots; i++)
    if (executor->slots[i] >= 0) close(executor->slots[i]);
  munmap(executor->program.argv, executor->program.bytes);
}
