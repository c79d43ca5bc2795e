/* What a supervisor hears and says. */
#include <sys/ioctl.h>
#include "shim.h"
#include "text.h"

static void put_number(struct text *text, int64_t number) {
  text_str(text, " ");
  text_number(text, number);
}

static void send_line(struct shim *shim, struct client *client, struct text *text, const char *start) {
  text_str(text, "\n");
  client_tell(shim, client, start, (size_t)(text->at - start));
}

static void send_step(struct shim *shim, struct client *client, uint32_t record) {
  char line[128];
  struct text text = {line, line + sizeof line};
  const struct result *result = &shim->executor.results[record];
  text_str(&text, "step");
  put_number(&text, shim->executor.wire->records[record].n);
  put_number(&text, result->error || result->ret < 0 ? -1 : result->ret);
  put_number(&text, result->error);
  put_number(&text, result->start_ns);
  put_number(&text, result->duration_ns);
  send_line(shim, client, &text, line);
}

static void send_start(struct shim *shim, struct client *client) {
  char line[64];
  struct text text = {line, line + sizeof line};
  if (shim->state == FAILED) {
    text_str(&text, "failed");
    put_number(&text, shim->failed_record < 0 ? 0 : shim->executor.wire->records[shim->failed_record].n);
    put_number(&text, shim->failed_error);
  } else {
    text_str(&text, "running");
    put_number(&text, shim->init);
    put_number(&text, shim->start_ticks);
  }
  send_line(shim, client, &text, line);
}

static void send_exit(struct shim *shim, struct client *client) {
  char line[64];
  struct text text = {line, line + sizeof line};
  text_str(&text, "exit");
  put_number(&text, shim->exit_code);
  put_number(&text, shim->exit_signal);
  put_number(&text, shim->exit_ns);
  send_line(shim, client, &text, line);
}

void control_hello(struct shim *shim, struct client *client) {
  if (shim->state == STARTING) return;
  for (uint32_t i = 1; i < shim->executor.wire->record_count; i++)
    if (shim->executor.results[i].progress != NOT_BEGUN) send_step(shim, client, i);
  send_start(shim, client);
  if (shim->state == EXITED) send_exit(shim, client);
}

void control_tell_end(struct shim *shim) {
  for (int i = 0; i < MAX_CLIENTS; i++) {
    struct client *client = &shim->clients[i];
    if (!client->used || client->dead || client->kind != CLIENT_CONTROL) continue;
    if (shim->state == EXITED) send_exit(shim, client);
    else control_hello(shim, client);
  }
}

void control_line(struct shim *shim, const struct client_line *line) {
  struct winsize size = {.ws_row = line->rows, .ws_col = line->columns};
  int terminal = shim->executor.slots[SLOT_TERMINAL];
  if (terminal >= 0) ioctl(terminal, TIOCSWINSZ, &size);
  shim->executor.rows = line->rows; /* for a terminal that is not made yet */
  shim->executor.columns = line->columns;
}
