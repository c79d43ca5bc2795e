#include "line.h"
#include <string.h>

/* Takes `word` off the front. */
static bool skip(const char **at, const char *end, const char *word) {
  size_t length = strlen(word);
  if ((size_t)(end - *at) < length || memcmp(*at, word, length) != 0) return false;
  *at += length;
  return true;
}

static bool read_size(const char **at, const char *end, uint16_t *value) {
  const char *start = *at;
  uint32_t number = 0;
  while (*at < end && **at >= '0' && **at <= '9' && number <= UINT16_MAX)
    number = number * 10 + (uint32_t)(*(*at)++ - '0');
  *value = (uint16_t)number;
  return *at > start && number <= UINT16_MAX;
}

static bool *flag_of(char letter, struct client_line *line) {
  switch (letter) {
    case 'i': return &line->wants_stdin;
    case 'o': return &line->wants_stdout;
    case 'e': return &line->wants_stderr;
    default: return NULL;
  }
}

static bool read_flags(const char *at, const char *end, struct client_line *line) {
  for (; at < end; at++) {
    bool *flag = flag_of(*at, line);
    if (!flag || *flag) return false;
    *flag = true;
  }
  return true;
}

struct client_line line_read(const char *bytes, size_t length) {
  const char *at = bytes, *end = bytes + length;
  struct client_line line = {0};
  if (skip(&at, end, "control")) {
    if (at == end) line.kind = LINE_CONTROL;
  } else if (skip(&at, end, "attach ")) {
    if (read_flags(at, end, &line)) line.kind = LINE_ATTACH;
  } else if (skip(&at, end, "resize ")) {
    if (read_size(&at, end, &line.rows) && skip(&at, end, " ") && read_size(&at, end, &line.columns) && at == end)
      line.kind = LINE_RESIZE;
  }
  return line;
}
