/* The container's output: to the log first, then to whoever is attached. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include "clock.h"
#include "shim.h"

#define FRAME_HEADER 8
#define BURST 16 /* reads in a row before others have their turn */
#define DRAIN_MAX (16 << 20)
/* A program that prints without a pause prints in small pieces. When one follows another this soon, the shim lets
 * some come together: each piece costs a log line's write, a frame, and a waking of supervisor and client. A pipe
 * holds what 300 MB a second bring in that time, so the program does not wait. */
#define CLOSE_TOGETHER_NS 200000
#define GATHER_NS 200000
/* A pipe that was found full is made this wide until there is silence: the program need not wait while its output is
 * logged and sent. Not from the start, for the kernel counts pipes' room for each user (pipe(7)). */
#define PIPE_BYTES (64 << 10)
#define WIDE_PIPE_BYTES (256 << 10)

/* A read goes behind room for docker's frame header, so that a frame is sent as one piece. */
static _Alignas(64 << 10) uint8_t buffer[2 * OUTPUT_BYTES];
_Static_assert(sizeof buffer % (64 << 10) == 0, "whole pages of any size");
static uint8_t *const payload = buffer + FRAME_HEADER;

static bool open_one(struct shim *shim, uint32_t index, int fd, const char *stream) {
  struct output *output = &shim->outputs[index];
  output->fd = fd;
  output->stream = (uint8_t)(index + 1);
  output->line.stream = stream;
  if (fd < 0) return true;
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  return loop_add(shim, fd, EPOLLIN, FROM_OUTPUT, index);
}

bool outputs_open(struct shim *shim) {
  const int *slots = shim->executor.slots;
  bool terminal = shim->plan.terminal;
  return open_one(shim, 0, slots[terminal ? SLOT_TERMINAL : SLOT_STDOUT], "stdout") &&
         open_one(shim, 1, terminal ? -1 : slots[SLOT_STDERR], "stderr");
}

bool outputs_ended(const struct shim *shim) { return shim->outputs[0].fd < 0 && shim->outputs[1].fd < 0; }

static void make_header(const struct output *output, size_t length) {
  memset(buffer, 0, FRAME_HEADER);
  buffer[0] = output->stream;
  for (int i = 0; i < 4; i++) buffer[4 + i] = (uint8_t)(length >> (24 - 8 * i));
}

static void send_to_clients(struct shim *shim, const struct output *output, size_t length) {
  if (!clients_want(shim, output->stream)) return;
  log_flush(&shim->log);
  if (shim->plan.terminal) clients_send(shim, output->stream, payload, length);
  else clients_send(shim, output->stream, buffer, FRAME_HEADER + length);
}

static void output_end(struct shim *shim, struct output *output) {
  log_end(&shim->log, &output->line, clock_ns(CLOCK_REALTIME));
  epoll_ctl(shim->epoll, EPOLL_CTL_DEL, output->fd, NULL);
  if (!shim->plan.terminal) close(output->fd); /* the terminal is still resized and written to */
  output->fd = -1;
  for (int i = 0; i < MAX_CLIENTS && outputs_ended(shim); i++)
    if (shim->clients[i].used && shim->clients[i].kind == CLIENT_ATTACH) client_end(shim, &shim->clients[i]);
}

/* How many bytes were read; 0 when there is nothing more for now, or for ever. A terminal says EIO when its other
 * side is closed. */
static size_t output_read(struct shim *shim, struct output *output) {
  ssize_t got;
  do got = read(output->fd, payload, OUTPUT_BYTES);
  while (got < 0 && errno == EINTR);
  if (got < 0 && errno == EAGAIN) return 0;
  if (got <= 0) return output_end(shim, output), 0;
  make_header(output, (size_t)got);
  log_output(&shim->log, &output->line, payload, (size_t)got, clock_ns(CLOCK_REALTIME));
  send_to_clients(shim, output, (size_t)got);
  return (size_t)got;
}

static void gather(const struct output *output) {
  const struct timespec pause = {.tv_nsec = GATHER_NS};
  if (clock_ns(CLOCK_MONOTONIC) - output->read_ns < CLOSE_TOGETHER_NS) nanosleep(&pause, NULL);
}

static void widen(struct output *output, bool wide) {
  if (output->fd < 0 || output->wide == wide) return;
  fcntl(output->fd, F_SETPIPE_SZ, wide ? WIDE_PIPE_BYTES : PIPE_BYTES); /* a terminal has no such thing */
  output->wide = wide;
}

void output_event(struct shim *shim, struct output *output) {
  size_t total = 0;
  gather(output);
  for (int i = 0; i < BURST && output->fd >= 0; i++) {
    size_t got = output_read(shim, output);
    if (got == 0) break;
    total += got;
  }
  if (total >= PIPE_BYTES) widen(output, true);
  output->read_ns = clock_ns(CLOCK_MONOTONIC);
}

/* Init is gone. What it wrote is read to the end; a pipe that somebody else still holds open is not waited for. */
void outputs_drain(struct shim *shim) {
  for (int i = 0; i < 2; i++) {
    struct output *output = &shim->outputs[i];
    for (size_t total = 0, got = 1; output->fd >= 0 && got > 0 && total < DRAIN_MAX; total += got)
      got = output_read(shim, output);
    if (output->fd >= 0) output_end(shim, output);
  }
}

void outputs_trim(struct shim *shim) {
  for (int i = 0; i < 2; i++) widen(&shim->outputs[i], false);
  madvise(buffer, sizeof buffer, MADV_DONTNEED);
}
