/* Executes a plan's records: one small function per operation, one result per record. */
#pragma once
#include <sys/types.h>
#include "wire.h"

enum progress { NOT_BEGUN = 0, BEGUN, DONE };

/* Lives in memory shared with init, so that the shim sees how far init came, even when init was killed. */
struct result {
  int64_t ret, start_ns, duration_ns;
  int32_t error;
  int32_t progress;
};

/* The arguments of the last step, made ready before clone3, so that init makes no call that is not a step. */
struct program {
  const char *file;
  char **argv, **envp, **path; /* in one mapping of `bytes`, argv first */
  size_t bytes;
};

struct executor {
  const struct wire *wire;
  struct result *results; /* one per record; shared */
  int32_t *born;          /* pid of the child that init itself made (CLONE_PARENT), 0: none; shared */
  struct program program;
  int slots[WIRE_MAX_SLOTS];
  uint16_t rows, columns; /* of the terminal, set before the program can ask */
};

/* What an operation is given: its arguments, to be taken in order, and the slots. */
struct call {
  struct cursor in;
  struct executor *executor;
};

static inline const char *arg_str(struct call *call) { return take_str(&call->in); }
static inline int64_t arg_int(struct call *call) { return take_i64(&call->in); }
int arg_fd(struct call *call);
/* The slot's number; `put` then keeps the descriptor there and returns it. */
int arg_out(struct call *call);
long put(struct call *call, int slot, long fd);

#define X(name, code, args) long op_##name(struct call *call);
OPS(X)
#undef X

struct outcome {
  int failed_record; /* -1: none, the program runs */
  pid_t init;        /* 0: clone3 was not reached */
};

/* Maps the results, makes the program's arguments ready and takes over the inherited descriptors; false when out of
 * memory. */
bool executor_open(struct executor *executor, const struct wire *wire);

/* Executes the plan. In the child it never returns: it becomes the program, or ends. */
struct outcome execute(struct executor *executor);

/* op_execve.c */
bool program_open(struct executor *executor);

/* Gives back what only the steps needed; the results and the five fixed slots stay. */
void executor_release(struct executor *executor);
