/* Connections to shim.sock: accepting them, their first line, both halves of each. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "clock.h"
#include "shim.h"

/* The folder is 0700 already; this holds even if somebody opens it. */
static bool trusted(int fd) {
  struct ucred peer;
  socklen_t length = sizeof peer;
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && (peer.uid == 0 || peer.uid == geteuid());
}

static struct client *free_client(struct shim *shim) {
  for (int i = 0; i < MAX_CLIENTS; i++)
    if (!shim->clients[i].used) return &shim->clients[i];
  return NULL;
}

/* There is something that it has not taken yet. */
static bool waits(const struct client *client) { return client->place.behind || !queue_empty(&client->queue); }

void clients_accept(struct shim *shim) {
  int fd = accept4(shim->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return;
  struct client *client = free_client(shim);
  if (!client || !trusted(fd)) {
    close(fd);
    return;
  }
  *client = (struct client){.used = true, .fd = fd, .out = fd, .reading = true, .writing = true};
  client_watch(shim, client);
}

static void watch(const struct shim *shim, int fd, uint32_t *watched, uint32_t events, uint64_t data) {
  struct epoll_event event = {.events = events, .data.u64 = data};
  if (events == *watched) return;
  epoll_ctl(shim->epoll, !events ? EPOLL_CTL_DEL : *watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
  *watched = events;
}

void client_watch(struct shim *shim, struct client *client) {
  uint64_t index = (uint64_t)(client - shim->clients);
  uint32_t events = 0, out = client->writing && waits(client) ? EPOLLOUT : 0;
  bool for_stdin = client->kind == CLIENT_ATTACH && client->wants.wants_stdin;
  if (client->dead) return;
  if (client->reading && (!for_stdin || input_ready(shim))) events |= EPOLLIN;
  if (!client->hung_up) events |= EPOLLHUP; /* reported in any case while it is registered */
  if (client->out != client->fd) watch(shim, client->out, &client->out_watched, out, (uint64_t)FROM_CLIENT_OUT << 32 | index);
  else events |= out;
  watch(shim, client->fd, &client->watched, events, (uint64_t)FROM_CLIENT << 32 | index);
}

void clients_watch_stdin(struct shim *shim) {
  for (int i = 0; i < MAX_CLIENTS; i++)
    if (shim->clients[i].used && shim->clients[i].wants.wants_stdin) client_watch(shim, &shim->clients[i]);
}

/* It is closed by clients_sweep, when no event of this round can mean it any more. */
static void client_die(struct shim *shim, struct client *client) {
  if (client->kind == CLIENT_NEW && !client->dead) shim->introduced++;
  client->dead = true;
}

static void stop_writing(struct shim *shim, struct client *client) {
  client->writing = client->place.behind = false;
  queue_drop(&client->queue);
  if (!client->reading || !client->wants.wants_stdin) client_die(shim, client);
}

/* With nothing waiting and nothing more to come, the client learns that the output has ended. */
static void end_if_sent(struct shim *shim, struct client *client) {
  if (!client->ending || !client->writing || waits(client)) return;
  shutdown(client->fd, SHUT_WR);
  client->writing = false;
  if (!client->reading) client_die(shim, client);
}

/* As much as its socket takes now; a broken one ends the writing. */
static size_t send_now(struct shim *shim, struct client *client, const uint8_t *bytes, size_t length) {
  size_t done = 0;
  while (done < length) {
    ssize_t sent = send(client->out, bytes + done, length - done, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN) stop_writing(shim, client);
    if (sent < 0) break;
    done += (size_t)sent;
  }
  return done;
}

void client_tell(struct shim *shim, struct client *client, const void *line, size_t length) {
  if (!client->writing || client->dead) return;
  size_t done = waits(client) ? 0 : send_now(shim, client, line, length);
  if (done == length || !client->writing) return;
  if (!queue_add(&client->queue, (const uint8_t *)line + done, length - done)) client_die(shim, client);
  client_watch(shim, client);
}

/* The one stream of two that it wants. */
static uint8_t only_stream(const struct shim *shim, const struct client_line *wants) {
  if (shim->plan.terminal || (wants->wants_stdout && wants->wants_stderr)) return 0;
  return wants->wants_stdout ? 1 : 2;
}

/* True when the client is left behind, and the bytes are to be kept. */
static bool give(struct shim *shim, struct client *client, const uint8_t *bytes, size_t length) {
  if (client->place.behind) return true;
  size_t done = send_now(shim, client, bytes, length);
  if (done == length || !client->writing) return false;
  client->place = (struct place){
      .behind = true,
      .at = backlog_end(&shim->backlog) + (off_t)done,
      .only = only_stream(shim, &client->wants),
      .left_in_frame = length - done,
  };
  client_watch(shim, client);
  return true;
}

/* Nobody can be behind for ever. */
static void keep(struct shim *shim, const uint8_t *bytes, size_t length) {
  bool kept = backlog_add(&shim->backlog, shim->spool, bytes, length);
  for (int i = 0; i < MAX_CLIENTS; i++) {
    struct client *client = &shim->clients[i];
    if (!client->used || !client->place.behind) continue;
    if (!kept || backlog_end(&shim->backlog) - client->place.at > BACKLOG_MAX) client_die(shim, client);
  }
}

static bool wants(const struct client *client, uint8_t stream) {
  return client->used && !client->dead && client->writing &&
         (stream == 1 ? client->wants.wants_stdout : client->wants.wants_stderr);
}

bool clients_want(const struct shim *shim, uint8_t stream) {
  for (int i = 0; i < MAX_CLIENTS; i++)
    if (wants(&shim->clients[i], stream)) return true;
  return false;
}

void clients_send(struct shim *shim, uint8_t stream, const uint8_t *bytes, size_t length) {
  bool left = false;
  for (int i = 0; i < MAX_CLIENTS; i++)
    if (wants(&shim->clients[i], stream) && give(shim, &shim->clients[i], bytes, length)) left = true;
  if (left) keep(shim, bytes, length);
}

void client_end(struct shim *shim, struct client *client) {
  client->ending = true;
  end_if_sent(shim, client);
}

static void introduce(struct shim *shim, struct client *client, const struct client_line *line) {
  client->wants = *line;
  client->kind = line->kind == LINE_CONTROL ? CLIENT_CONTROL : CLIENT_ATTACH;
  shim->introduced++;
  if (client->kind == CLIENT_CONTROL) passed_close(shim, client), control_hello(shim, client);
  else if (shim->state != STARTING && outputs_ended(shim)) client_end(shim, client);
}

/* One line off the front of what came; false when there is none yet. */
static bool next_line(struct shim *shim, struct client *client) {
  char *newline = memchr(client->line, '\n', client->line_length);
  if (!newline) {
    if (client->line_length == sizeof client->line) client_die(shim, client);
    return false;
  }
  size_t length = (size_t)(newline - client->line), used = length + 1;
  struct client_line line = line_read(client->line, length);
  client->line_length -= (uint8_t)used;
  memmove(client->line, newline + 1, client->line_length);
  if (client->kind == CLIENT_NEW && (line.kind == LINE_CONTROL || line.kind == LINE_ATTACH))
    introduce(shim, client, &line);
  else if (client->kind == CLIENT_CONTROL && line.kind == LINE_RESIZE)
    control_line(shim, &line);
  else
    client_die(shim, client);
  return client->kind == CLIENT_CONTROL && !client->dead;
}

/* What came with the first line belongs to the container already. */
static void pass_on_rest(struct shim *shim, struct client *client) {
  if (client->dead || client->kind != CLIENT_ATTACH || client->line_length == 0) return;
  if (client->wants.wants_stdin) input_add(shim, client->line, client->line_length);
  client->line_length = 0;
}

static ssize_t receive_lines(struct shim *shim, struct client *client) {
  ssize_t got = receive_passed(client, client->line + client->line_length, sizeof client->line - client->line_length);
  if (got <= 0) return got;
  client->line_length += (uint8_t)got;
  while (next_line(shim, client)) {
  }
  pass_on_rest(shim, client);
  return got;
}

/* A terminal without stdin says nothing; what it does say is nobody's. */
static ssize_t receive_nothing(struct client *client) {
  char ignored[512];
  return recv(client->fd, ignored, sizeof ignored, 0);
}

static void client_read(struct shim *shim, struct client *client) {
  ssize_t got;
  bool for_stdin = client->kind == CLIENT_ATTACH && client->wants.wants_stdin;
  if (for_stdin && !input_ready(shim)) return; /* another client filled it in this round */
  if (client->kind != CLIENT_ATTACH) got = receive_lines(shim, client);
  else if (for_stdin) got = input_receive(shim, client->fd);
  else got = receive_nothing(client);
  if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR))) return;
  client->reading = false;
  if (for_stdin && shim->plan.stdin_once) input_end(shim);
  if (client->kind != CLIENT_ATTACH || !client->writing) client_die(shim, client);
}

/* There is room for what it has not taken yet. */
static void client_send(struct shim *shim, struct client *client) {
  bool sent = queue_send(&client->queue, client->fd);
  if (sent && client->place.behind) sent = backlog_send(&shim->backlog, &client->place, client->out);
  if (!sent) return stop_writing(shim, client);
  shim->last_sent_ns = clock_ns(CLOCK_MONOTONIC);
  end_if_sent(shim, client);
}

void client_out_event(struct shim *shim, struct client *client, uint32_t events) {
  if (!client->used || client->dead) return;
  if (events & EPOLLOUT) client_send(shim, client);
  else stop_writing(shim, client);
  client_watch(shim, client);
}

void client_event(struct shim *shim, struct client *client, uint32_t events) {
  if (!client->used || client->dead) return;
  if (events & EPOLLOUT) client_send(shim, client);
  if (client->dead) return;
  if (client->reading && (events & EPOLLIN)) {
    client_read(shim, client);
  } else if (events & (EPOLLHUP | EPOLLERR)) {
    client->hung_up = true;
    stop_writing(shim, client);
  }
  client_watch(shim, client);
}

/* Unread bytes at close would turn the peer's end of file into ECONNRESET; none can follow the shutdown (unix(7)). */
static void client_close(struct shim *shim, struct client *client) {
  char ignored[4096];
  shutdown(client->fd, SHUT_RDWR);
  while (recv(client->fd, ignored, sizeof ignored, MSG_DONTWAIT) > 0) {
  }
  queue_drop(&client->queue);
  passed_close(shim, client);
  close(client->fd);
  client->used = client->place.behind = false;
}

void clients_sweep(struct shim *shim) {
  off_t end = backlog_end(&shim->backlog), last = end;
  for (int i = 0; i < MAX_CLIENTS; i++) {
    struct client *client = &shim->clients[i];
    if (client->used && client->dead) client_close(shim, client);
    if (client->place.behind && client->place.at < last) last = client->place.at;
  }
  if (end > 0) backlog_release(&shim->backlog, last);
}

/* A client that may still be sending is not left first: its broken pipe would cost it what it has not read yet. */
bool clients_idle(const struct shim *shim) {
  for (int i = 0; i < MAX_CLIENTS; i++) {
    const struct client *client = &shim->clients[i];
    bool sends = client->kind == CLIENT_ATTACH && client->wants.wants_stdin && client->reading;
    if (client->used && !client->dead && (sends || waits(client))) return false;
  }
  return true;
}

void clients_close(struct shim *shim) {
  for (int i = 0; i < MAX_CLIENTS; i++)
    if (shim->clients[i].used) client_close(shim, &shim->clients[i]);
}
