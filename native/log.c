#include "log.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "json.h"
#include "text.h"

#define ENTRY_FRAME 128 /* all of an entry but its text */
static const char head[8] = "{\"log\":\"";
#define BUFFER_BYTES (128 << 10)
_Static_assert(BUFFER_BYTES >= JSON_GROWTH * LOG_LINE_BYTES + ENTRY_FRAME, "an entry must fit");

static _Alignas(64 << 10) uint8_t buffer[BUFFER_BYTES];
static size_t used, lines;

bool log_open(struct log *log, const char *path, int64_t max_bytes, int64_t max_files) {
  *log = (struct log){.fd = -1, .max_bytes = max_bytes, .max_files = max_files};
  if (!*path) return true;
  if (strlen(path) >= sizeof log->path) return errno = ENAMETOOLONG, false;
  strcpy(log->path, path);
  struct stat status;
  log->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (log->fd < 0 || fstat(log->fd, &status) < 0) return false;
  /* What is rotated is renamed: never a device. */
  if (!S_ISREG(status.st_mode)) return errno = EINVAL, false;
  log->bytes = status.st_size;
  return true;
}

/* A write that fails half-way must not leave half a line for the readers. */
void log_flush(struct log *log) {
  size_t done = 0;
  while (done < used && log->fd >= 0) {
    ssize_t written = write(log->fd, buffer + done, used - done);
    if (written > 0) done += (size_t)written;
    else if (written == 0 || errno != EINTR) break;
  }
  if (done < used) {
    log->lost_lines += (int64_t)lines;
    if (log->fd >= 0 && ftruncate(log->fd, log->bytes) < 0) log->bytes += (int64_t)done;
  } else {
    log->bytes += (int64_t)used;
  }
  used = lines = 0;
}

static bool numbered(char out[PATH_MAX], const char *path, int64_t number) {
  struct text text = {out, out + PATH_MAX - 1};
  text_str(&text, path);
  text_str(&text, ".");
  text_number(&text, number);
  *text.at = 0;
  return text.at < out + PATH_MAX - 1;
}

/* LOG → LOG.1 → LOG.2 … up to max_files files in all; with one file it is emptied. */
static void rotate(struct log *log) {
  char from[PATH_MAX], to[PATH_MAX];
  log_flush(log);
  if (log->max_files > 1) {
    for (int64_t i = log->max_files - 1; i > 1; i--)
      if (numbered(from, log->path, i - 1) && numbered(to, log->path, i)) rename(from, to);
    if (numbered(to, log->path, 1)) rename(log->path, to);
    int fresh = open(log->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fresh >= 0) {
      close(log->fd);
      log->fd = fresh;
    }
  }
  if (log->max_files <= 1 && ftruncate(log->fd, 0) < 0) return;
  log->bytes = 0;
}

/* What comes after an entry's text: the same for all lines of one read, so it is put together once. */
struct tail {
  size_t length;
  char bytes[ENTRY_FRAME - sizeof head];
};

/* `ended` says whether the line has its newline. */
static struct tail tail_of(const char *stream, bool ended, int64_t time_ns) {
  struct tail tail;
  char time[TIME_LENGTH];
  struct text text = {tail.bytes, tail.bytes + sizeof tail.bytes};
  format_time(time, time_ns);
  text_str(&text, ended ? "\\n\",\"stream\":\"" : "\",\"stream\":\"");
  text_str(&text, stream);
  text_str(&text, "\",\"time\":\"");
  text_bytes(&text, time, TIME_LENGTH);
  text_str(&text, "\"}\n");
  tail.length = (size_t)(text.at - tail.bytes);
  return tail;
}

static void entry(struct log *log, const uint8_t *bytes, size_t length, const struct tail *tail) {
  if (log->fd < 0) return;
  if (log->max_bytes > 0 && log->bytes + (int64_t)used >= log->max_bytes) rotate(log);
  if (used + JSON_GROWTH * length + ENTRY_FRAME > sizeof buffer) log_flush(log);
  uint8_t *at = buffer + used;
  __builtin_memcpy(at, head, sizeof head);
  at += sizeof head;
  at += json_escape(at, bytes, length);
  memcpy(at, tail->bytes, tail->length);
  used = (size_t)(at - buffer) + tail->length;
  lines++;
}

/* Fills up the unfinished line; returns how many bytes that took. */
static size_t continue_line(struct log *log, struct line *line, const uint8_t *bytes, size_t length,
                            int64_t time_ns) {
  size_t room = sizeof line->bytes - line->length, part = length < room ? length : room;
  const uint8_t *newline = memchr(bytes, '\n', part);
  if (newline) part = (size_t)(newline - bytes);
  memcpy(line->bytes + line->length, bytes, part);
  line->length += part;
  if (newline || line->length == sizeof line->bytes) {
    struct tail tail = tail_of(line->stream, newline != NULL, time_ns);
    entry(log, line->bytes, line->length, &tail);
    line->length = 0;
  }
  return part + (newline != NULL);
}

void log_output(struct log *log, struct line *line, const uint8_t *bytes, size_t length, int64_t time_ns) {
  const struct tail tail = tail_of(line->stream, true, time_ns);
  while (length > 0) {
    size_t taken, look = length < LOG_LINE_BYTES ? length : LOG_LINE_BYTES;
    const uint8_t *newline = line->length == 0 ? memchr(bytes, '\n', look) : NULL;
    if (newline) {
      entry(log, bytes, (size_t)(newline - bytes), &tail);
      taken = (size_t)(newline - bytes) + 1;
    } else {
      taken = continue_line(log, line, bytes, length, time_ns);
    }
    bytes += taken;
    length -= taken;
  }
}

void log_end(struct log *log, struct line *line, int64_t time_ns) {
  const struct tail tail = tail_of(line->stream, false, time_ns);
  if (line->length > 0) entry(log, line->bytes, line->length, &tail);
  line->length = 0;
}

void log_trim(void) { madvise(buffer, sizeof buffer, MADV_DONTNEED); }
