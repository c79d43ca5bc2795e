/* The shim's one loop: epoll, level-triggered. */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include "shim.h"

bool loop_add(struct shim *shim, int fd, uint32_t events, enum source source, uint32_t index) {
  struct epoll_event event = {.events = events, .data.u64 = (uint64_t)source << 32 | index};
  return epoll_ctl(shim->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool loop_open(struct shim *shim, int listener) {
  shim->epoll = epoll_create1(EPOLL_CLOEXEC);
  shim->listener = listener;
  return shim->epoll >= 0 && loop_add(shim, listener, EPOLLIN, FROM_LISTENER, 0);
}

static void dispatch(struct shim *shim, const struct epoll_event *event) {
  uint32_t index = (uint32_t)event->data.u64;
  struct signalfd_siginfo signal;
  switch ((enum source)(event->data.u64 >> 32)) {
    case FROM_LISTENER: clients_accept(shim); break;
    case FROM_SIGNALS:
      if (read(shim->signals, &signal, sizeof signal) > 0) child_reap(shim);
      break;
    case FROM_INPUT: input_flush(shim); break;
    case FROM_OUTPUT: output_event(shim, &shim->outputs[index]); break;
    case FROM_CLIENT_OUT: client_out_event(shim, &shim->clients[index], event->events); break;
    case FROM_CLIENT: client_event(shim, &shim->clients[index], event->events); break;
  }
}

/* After a second of silence the big buffers go back to the kernel. */
static int wait_events(struct shim *shim, struct epoll_event *events, int room, int timeout_ms) {
  static bool trimmed;
  int count = epoll_wait(shim->epoll, events, room, timeout_ms < 0 && !trimmed ? 1000 : timeout_ms);
  if (count == 0 && timeout_ms < 0) {
    log_trim();
    outputs_trim(shim);
    backlog_trim(&shim->backlog);
  }
  trimmed = count == 0;
  return count;
}

void loop_once(struct shim *shim, int timeout_ms) {
  struct epoll_event events[16];
  int count = wait_events(shim, events, 16, timeout_ms);
  for (int i = 0; i < count; i++) dispatch(shim, &events[i]);
  log_flush(&shim->log);
  clients_sweep(shim);
}
