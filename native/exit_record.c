/* `exit` in the run folder: there whole or not at all, and there before anybody is told. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "shim.h"
#include "text.h"

static size_t compose(const struct shim *shim, char *out, size_t room) {
  char time[TIME_LENGTH];
  struct text text = {out, out + room};
  format_time(time, shim->exit_ns);
  text_str(&text, "{\"exitCode\":");
  text_number(&text, shim->exit_code);
  text_str(&text, ",\"signal\":");
  text_number(&text, shim->exit_signal);
  text_str(&text, ",\"finishedAt\":\"");
  text_bytes(&text, time, TIME_LENGTH);
  text_str(&text, "\"");
  if (shim->log.lost_lines > 0) {
    text_str(&text, ",\"logLinesLost\":");
    text_number(&text, shim->log.lost_lines);
  }
  text_str(&text, "}\n");
  return (size_t)(text.at - out);
}

void exit_record_write(struct shim *shim) {
  char record[256];
  size_t length = compose(shim, record, sizeof record);
  int fd = openat(shim->folder, "exit.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return;
  bool whole = write(fd, record, length) == (ssize_t)length && fsync(fd) == 0;
  close(fd);
  if (whole && renameat(shim->folder, "exit.new", shim->folder, "exit") == 0) fsync(shim->folder);
}
