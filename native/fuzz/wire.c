/* Whatever the bytes, the reader answers yes or no; after a yes every record's arguments can be taken in turn. */
#include <stdlib.h>
#include <string.h>
#include "wire.h"

static struct wire wire;

/* What the executor does with a list: it believes the count. */
static void walk_strings(const struct record *record) {
  struct cursor c = {record->args, record->args + record->length, false};
  size_t total = strlen(take_str(&c));
  for (int lists = 0; lists < 3; lists++)
    for (uint32_t left = take_u32(&c); left > 0; left--) total += strlen(take_str(&c));
  if (c.bad || c.at != c.end || total > record->length) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  if (!wire_read(&wire, bytes, length)) return 0;
  struct plan plan = wire_plan(&wire);
  if (strlen(plan.id) + strlen(plan.log_path) > length) abort();
  if (wire.records[wire.record_count - 1].op != OP_execve) abort();
  walk_strings(&wire.records[wire.record_count - 1]);
  return 0;
}
