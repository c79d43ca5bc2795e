#include "queue.h"
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

bool queue_add(struct queue *queue, const void *bytes, size_t length) {
  if (length == 0) return true;
  if (!queue->memory) {
    void *memory = mmap(NULL, QUEUE_MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return false;
    *queue = (struct queue){.memory = memory};
  }
  if (queue->to + length > QUEUE_MEMORY) return false;
  memcpy(queue->memory + queue->to, bytes, length);
  queue->to += length;
  return true;
}

bool queue_send(struct queue *queue, int socket) {
  while (queue->from < queue->to) {
    ssize_t sent = send(socket, queue->memory + queue->from, queue->to - queue->from, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return errno == EAGAIN;
    queue->from += (size_t)sent;
  }
  queue_drop(queue);
  return true;
}

void queue_drop(struct queue *queue) {
  if (queue->memory) munmap(queue->memory, QUEUE_MEMORY);
  *queue = (struct queue){0};
}
