/* The container's log: docker's json-file format, cut at 16 KiB, rotated by size. What was written to it is on
 * the file after log_flush. A disk that is full loses lines, counted, and stops nothing. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_LINE_BYTES (16 << 10)

struct log {
  int fd; /* -1: no log is kept */
  char path[4096];
  int64_t max_bytes, max_files, bytes, lost_lines;
};

/* The part of a line that has no end yet, one for each stream. */
struct line {
  const char *stream;
  size_t length;
  uint8_t bytes[LOG_LINE_BYTES];
};

/* Opens the log to append; an empty path means none. False: errno. */
bool log_open(struct log *log, const char *path, int64_t max_bytes, int64_t max_files);
/* Logs `length` bytes that were read at `time_ns`. */
void log_output(struct log *log, struct line *line, const uint8_t *bytes, size_t length, int64_t time_ns);
/* Logs what is left of a line at the end of its stream. */
void log_end(struct log *log, struct line *line, int64_t time_ns);
void log_flush(struct log *log);
/* Gives the buffer's memory back to the kernel until it is used again. */
void log_trim(void);
