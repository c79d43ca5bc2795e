/* What a supervisor hears and says. */
#include <sys/ioctl.h>
#include "shim.h"
#include "text.h"

static void put_number(struct text *text, int64_t number) {
  text_str(text, " ");
  text_number(text, number);
}

#define LINE_ROOM 128
#define LINES_ROOM 4096

static void put_step(const struct shim *shim, struct text *text, uint32_t record) {
  const struct result *result = &shim->executor.results[record];
  text_str(text, "step");
  put_number(text, shim->executor.wire->records[record].n);
  put_number(text, result->error || result->ret < 0 ? -1 : result->ret);
  put_number(text, result->error);
  put_number(text, result->start_ns);
  put_number(text, result->duration_ns);
  text_str(text, "\n");
}

static void put_start(const struct shim *shim, struct text *text) {
  if (shim->state == FAILED) {
    text_str(text, "failed");
    put_number(text, shim->failed_record < 0 ? 0 : shim->executor.wire->records[shim->failed_record].n);
    put_number(text, shim->failed_error);
  } else {
    text_str(text, "running");
    put_number(text, shim->init);
    put_number(text, shim->start_ticks);
  }
  text_str(text, "\n");
}

static void put_exit(const struct shim *shim, struct text *text) {
  text_str(text, "exit");
  put_number(text, shim->exit_code);
  put_number(text, shim->exit_signal);
  put_number(text, shim->exit_ns);
  text_str(text, "\n");
}

/* Many lines in one piece: each piece wakes the supervisor, while the program wants a processor. */
void control_hello(struct shim *shim, struct client *client) {
  char lines[LINES_ROOM];
  struct text text = {lines, lines + sizeof lines};
  if (shim->state == STARTING) return;
  for (uint32_t i = 1; i < shim->executor.wire->record_count; i++) {
    if (shim->executor.results[i].progress == NOT_BEGUN) continue;
    put_step(shim, &text, i);
    if (text.at < text.end - 3 * LINE_ROOM) continue;
    client_tell(shim, client, lines, (size_t)(text.at - lines));
    text.at = lines;
  }
  put_start(shim, &text);
  if (shim->state == EXITED) put_exit(shim, &text);
  client_tell(shim, client, lines, (size_t)(text.at - lines));
}

static bool is_supervisor(const struct client *client) {
  return client->used && !client->dead && client->kind == CLIENT_CONTROL;
}

void control_tell_start(struct shim *shim) {
  for (int i = 0; i < MAX_CLIENTS; i++)
    if (is_supervisor(&shim->clients[i])) control_hello(shim, &shim->clients[i]);
}

void control_tell_exit(struct shim *shim) {
  char line[LINE_ROOM];
  struct text text = {line, line + sizeof line};
  put_exit(shim, &text);
  for (int i = 0; i < MAX_CLIENTS; i++)
    if (is_supervisor(&shim->clients[i])) client_tell(shim, &shim->clients[i], line, (size_t)(text.at - line));
}

void control_line(struct shim *shim, const struct client_line *line) {
  struct winsize size = {.ws_row = line->rows, .ws_col = line->columns};
  int terminal = shim->executor.slots[SLOT_TERMINAL];
  if (terminal >= 0) ioctl(terminal, TIOCSWINSZ, &size);
  shim->executor.rows = line->rows; /* for a terminal that is not made yet */
  shim->executor.columns = line->columns;
}
