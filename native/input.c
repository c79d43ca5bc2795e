/* The container's stdin. A program that does not read holds up nobody but those that write to it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "shim.h"

/* The terminal is doubled: epoll knows a descriptor once, and it is watched for output already. */
static int input_descriptor(struct shim *shim) {
  const int *slots = shim->executor.slots;
  if (!shim->plan.terminal) return slots[SLOT_STDIN];
  return slots[SLOT_TERMINAL] < 0 ? -1 : fcntl(slots[SLOT_TERMINAL], F_DUPFD_CLOEXEC, 3);
}

static void input_close(struct shim *shim) {
  struct input *input = &shim->input;
  if (input->fd >= 0) close(input->fd);
  input->fd = -1;
  input->watched = false;
  input->from = input->to = 0;
}

bool input_open(struct shim *shim) {
  struct input *input = &shim->input;
  input->fd = input_descriptor(shim);
  if (input->fd >= 0) fcntl(input->fd, F_SETFL, fcntl(input->fd, F_GETFL) | O_NONBLOCK);
  if (!shim->plan.stdin_open) input_close(shim);
  else input_flush(shim);
  return true;
}

/* Before the start nothing is read from clients: what they send waits in their sockets. */
bool input_ready(const struct shim *shim) { return shim->state != STARTING && shim->input.to == 0; }

void input_add(struct shim *shim, const void *bytes, size_t length) {
  struct input *input = &shim->input;
  if (shim->state != STARTING && input->fd < 0) return;
  if (length > sizeof input->bytes - input->to) return;
  memcpy(input->bytes + input->to, bytes, length);
  input->to += length;
  if (shim->state != STARTING) input_flush(shim);
}

ssize_t input_receive(struct shim *shim, int socket) {
  struct input *input = &shim->input;
  ssize_t got = recv(socket, input->bytes, STDIN_BYTES, 0);
  if (got <= 0) return got;
  input->to = input->fd < 0 ? 0 : (size_t)got;
  input_flush(shim);
  return got;
}

static void watch(struct shim *shim, bool wanted) {
  struct input *input = &shim->input;
  if (wanted == input->watched) return;
  if (wanted) loop_add(shim, input->fd, EPOLLOUT, FROM_INPUT, 0);
  else epoll_ctl(shim->epoll, EPOLL_CTL_DEL, input->fd, NULL);
  input->watched = wanted;
  clients_watch_stdin(shim);
}

void input_flush(struct shim *shim) {
  struct input *input = &shim->input;
  while (input->fd >= 0 && input->from < input->to) {
    ssize_t written = write(input->fd, input->bytes + input->from, input->to - input->from);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) return watch(shim, true);
    if (written < 0) { /* nobody will ever read it */
      input_close(shim);
      return clients_watch_stdin(shim);
    }
    input->from += (size_t)written;
  }
  input->from = input->to = 0;
  if (input->fd >= 0) watch(shim, false);
  if (input->ends) input_close(shim);
}

/* Its reader is gone: what comes from now on is taken and thrown away. */
void input_drop(struct shim *shim) {
  input_close(shim);
  clients_watch_stdin(shim);
}

/* A terminal has no end of file that is not also its end. */
void input_end(struct shim *shim) {
  if (shim->plan.terminal) return;
  shim->input.ends = true;
  if (shim->state != STARTING && shim->input.to == 0) input_close(shim);
}
