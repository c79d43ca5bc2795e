/* The wire reader. Every length is checked against what is left before it is believed; every record is
 * read to its last byte; every slot used must have been filled before. */
#include "wire.h"
#include <string.h>

static const uint8_t *take(struct cursor *c, size_t length) {
  if (c->bad || (size_t)(c->end - c->at) < length) {
    c->bad = true;
    return NULL;
  }
  const uint8_t *here = c->at;
  c->at += length;
  return here;
}

uint16_t take_u16(struct cursor *c) {
  uint16_t value = 0;
  const uint8_t *here = take(c, sizeof value);
  if (here) memcpy(&value, here, sizeof value);
  return value;
}

uint32_t take_u32(struct cursor *c) {
  uint32_t value = 0;
  const uint8_t *here = take(c, sizeof value);
  if (here) memcpy(&value, here, sizeof value);
  return value;
}

int64_t take_i64(struct cursor *c) {
  int64_t value = 0;
  const uint8_t *here = take(c, sizeof value);
  if (here) memcpy(&value, here, sizeof value);
  return value;
}

const char *take_str(struct cursor *c) {
  uint32_t length = take_u32(c);
  if (length == WIRE_NULL) return NULL;
  const uint8_t *here = take(c, (size_t)length + 1);
  if (!here) return NULL;
  if (memchr(here, 0, (size_t)length + 1) != here + length) c->bad = true;
  return (const char *)here;
}

const uint8_t *take_bytes(struct cursor *c, uint32_t *length) {
  *length = take_u32(c);
  return take(c, *length);
}

/* What is known of the plan up to the record that is being read. */
struct reading {
  struct wire *wire;
  bool filled[WIRE_MAX_SLOTS];
};

static void check_slot(struct reading *r, struct cursor *c) {
  int32_t slot = (int32_t)take_u32(c);
  if (slot == -1 || slot == -100) return;
  if (slot < 0 || (uint32_t)slot >= r->wire->slots || !r->filled[slot]) c->bad = true;
}

static void fill_slot(struct reading *r, struct cursor *c) {
  int32_t slot = (int32_t)take_u32(c);
  if (slot == -1) return;
  if (slot < 0 || (uint32_t)slot >= r->wire->slots || r->filled[slot])
    c->bad = true;
  else
    r->filled[slot] = true;
}

static void check_argument(struct reading *r, struct cursor *c, char type) {
  uint32_t length;
  switch (type) {
    case 's':
      if (!take_str(c)) c->bad = true;
      break;
    case 'S': take_str(c); break;
    case 'i': take_i64(c); break;
    case 'd': check_slot(r, c); break;
    case 'o': fill_slot(r, c); break;
    case 'b': take_bytes(c, &length); break;
    case 'L':
      for (uint32_t left = take_u32(c); left > 0 && !c->bad; left--)
        if (!take_str(c)) c->bad = true;
      break;
    case 'I':
      for (uint32_t left = take_u32(c); left > 0 && !c->bad; left--) take_i64(c);
      break;
    default: c->bad = true;
  }
}

static const char *signature(unsigned op) {
#define X(name, code, args) [code] = args,
  static const char *const signatures[] = {[OP_plan] = OPS_PLAN_ARGS, OPS(X)};
#undef X
  return op <= OPS_MAX_CODE ? signatures[op] : NULL;
}

static void check_arguments(struct reading *r, const struct record *record) {
  struct cursor c = {record->args, record->args + record->length, false};
  for (const char *type = signature(record->op); *type; type++) check_argument(r, &c, *type);
  if (c.bad || c.at != c.end || !record_allowed(record)) r->wire->record_count = 0;
  if (record->op == OP_close && !c.bad) {
    int32_t slot = (int32_t)take_u32(&(struct cursor){record->args, c.end, false});
    if (slot >= 0) r->filled[slot] = false;
  }
}

static bool read_record(struct reading *r, struct cursor *c, struct record *record) {
  uint32_t length = take_u32(c);
  const uint8_t *body = take(c, length);
  if (!body) return false;
  struct cursor in = {body, body + length, false};
  record->op = take_u16(&in);
  record->n = take_u16(&in);
  const uint8_t *actor = take(&in, 2);
  record->accept = take_u16(&in);
  if (in.bad || actor[1] != 0 || !signature(record->op)) return false;
  record->actor = actor[0];
  record->args = in.at;
  record->length = (uint32_t)(in.end - in.at);
  check_arguments(r, record);
  return r->wire->record_count != 0;
}

/* `plan`, the shim's records with clone3 as the last, init's records with execve as the last; of these one may be
 * a clone. */
static bool in_order(const struct wire *wire) {
  uint32_t count = wire->record_count, i = 1;
  if (wire->records[0].op != OP_plan || wire->records[0].actor != ACTOR_SHIM) return false;
  while (i < count && wire->records[i].actor == ACTOR_SHIM && wire->records[i].op != OP_clone3)
    if (wire->records[i++].op == OP_clone) return false;
  if (i == count || wire->records[i].actor != ACTOR_SHIM) return false;
  uint32_t clones = 0;
  for (i++; i < count; i++) {
    bool last = i == count - 1;
    const struct record *record = &wire->records[i];
    if (record->actor != ACTOR_INIT || (record->op == OP_execve) != last) return false;
    if (record->op == OP_clone) clones++;
    if (clones > 1 || record->op == OP_plan || record->op == OP_clone3) return false;
  }
  return wire->records[count - 1].op == OP_execve;
}

static bool read_inherited(struct reading *r, struct cursor *c) {
  struct wire *wire = r->wire;
  for (uint32_t i = 0; i < wire->inherited_count; i++) {
    uint32_t slot = take_u32(c), fd = take_u32(c);
    if (c->bad || slot >= wire->slots || r->filled[slot] || fd < 3 || fd > 1u << 20) return false;
    wire->inherited[i] = (struct inherited){slot, (int)fd};
    r->filled[slot] = true;
  }
  return true;
}

bool wire_read(struct wire *wire, const uint8_t *bytes, size_t length) {
  struct reading r = {.wire = wire};
  struct cursor c = {bytes, bytes + length, length > WIRE_MAX_BYTES};
  const uint8_t *magic = take(&c, 4);
  if (!magic || memcmp(magic, "PTRI", 4) != 0 || take_u32(&c) != 1) return false;
  wire->slots = take_u32(&c);
  wire->inherited_count = take_u32(&c);
  wire->record_count = take_u32(&c);
  if (c.bad || wire->slots > WIRE_MAX_SLOTS || wire->inherited_count > wire->slots) return false;
  if (wire->record_count < 3 || wire->record_count > WIRE_MAX_RECORDS) return false;
  if (!read_inherited(&r, &c)) return false;
  for (uint32_t i = 0, count = wire->record_count; i < count; i++)
    if (!read_record(&r, &c, &wire->records[i])) return false;
  return c.at == c.end && in_order(wire);
}

struct plan wire_plan(const struct wire *wire) {
  const struct record *record = &wire->records[0];
  struct cursor c = {record->args, record->args + record->length, false};
  struct plan plan;
  plan.id = take_str(&c);
  plan.log_path = take_str(&c);
  plan.log_max_bytes = take_i64(&c);
  plan.log_max_files = take_i64(&c);
  plan.clients = take_i64(&c);
  plan.terminal = take_i64(&c) != 0;
  plan.stdin_open = take_i64(&c) != 0;
  plan.stdin_once = take_i64(&c) != 0;
  plan.rows = take_i64(&c);
  plan.columns = take_i64(&c);
  return plan;
}
