/* The plan as it arrives: reading and checking it. Nothing here does anything to the system, so that it
 * can be fuzzed. Format: docs/shim.md, "The plan on the wire". */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "ops.h"

#define WIRE_MAX_BYTES (8u << 20)
#define WIRE_MAX_SLOTS 256
#define WIRE_MAX_RECORDS 1024
#define WIRE_NULL 0xffffffffu

#define X(name, code, args) OP_##name = code,
enum op { OP_plan = 0, OPS(X) };
#undef X

enum actor { ACTOR_SHIM = 1, ACTOR_INIT = 2 };

/* The fixed slots that the shim's loop works with. */
enum { SLOT_STDIN = 0, SLOT_STDOUT = 1, SLOT_STDERR = 2, SLOT_TERMINAL = 3, SLOT_PIDFD = 4, SLOTS_KEPT = 5 };

struct record {
  const uint8_t *args;
  uint32_t length;
  uint16_t op, n, accept;
  uint8_t actor;
};

struct inherited {
  uint32_t slot;
  int fd;
};

struct wire {
  uint32_t slots, inherited_count, record_count;
  struct inherited inherited[WIRE_MAX_SLOTS];
  struct record records[WIRE_MAX_RECORDS];
};

/* A place in the bytes. `bad` is set by the first read beyond the end and stays. */
struct cursor {
  const uint8_t *at, *end;
  bool bad;
};

uint16_t take_u16(struct cursor *c);
uint32_t take_u32(struct cursor *c);
int64_t take_i64(struct cursor *c);
/* The NUL-terminated string in place; NULL for the wire's null. */
const char *take_str(struct cursor *c);
const uint8_t *take_bytes(struct cursor *c, uint32_t *length);

/* Reads and checks the whole plan; false when anything about it is wrong. `wire` points into `bytes`. */
bool wire_read(struct wire *wire, const uint8_t *bytes, size_t length);

/* The fields of the pseudo-operation `plan`, record 0. */
struct plan {
  const char *id, *log_path;
  int64_t log_max_bytes, log_max_files, clients;
  bool terminal, stdin_open, stdin_once;
  int64_t rows, columns;
};
struct plan wire_plan(const struct wire *wire);

/* Whether a well-formed record asks for something that the vocabulary allows (allow.c). */
bool record_allowed(const struct record *record);
