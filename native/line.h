/* The lines that clients write: the first one, and a supervisor's. Pure, so that it can be fuzzed. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum line_kind { LINE_BAD, LINE_CONTROL, LINE_ATTACH, LINE_RESIZE };

struct client_line {
  enum line_kind kind;
  bool wants_stdin, wants_stdout, wants_stderr;
  uint16_t rows, columns;
};

/* Reads one line, given without its newline. */
struct client_line line_read(const char *bytes, size_t length);
