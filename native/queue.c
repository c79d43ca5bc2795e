#include "queue.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static bool add_to_file(struct queue *queue, int folder, const uint8_t *bytes, size_t length) {
  if (queue->file_to == queue->file_from) {
    queue->file = openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    queue->file_from = queue->file_to = 0;
    if (queue->file < 0) return false;
  }
  while (length > 0) {
    if (queue->file_to - queue->file_from + (off_t)length > QUEUE_FILE_MAX) return false;
    ssize_t written = pwrite(queue->file, bytes, length, queue->file_to);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      if (queue->file_to == queue->file_from) close(queue->file);
      return false;
    }
    queue->file_to += written;
    bytes += written;
    length -= (size_t)written;
  }
  return true;
}

bool queue_add(struct queue *queue, int folder, const void *bytes, size_t length) {
  if (length == 0) return true;
  if (!queue->memory) {
    void *memory = mmap(NULL, QUEUE_MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return false;
    *queue = (struct queue){.memory = memory};
  }
  if (queue->file_to == queue->file_from && queue->to + length > QUEUE_MEMORY && queue->from > 0) {
    memmove(queue->memory, queue->memory + queue->from, queue->to - queue->from);
    queue->to -= queue->from;
    queue->from = 0;
  }
  if (queue->file_to != queue->file_from || queue->to + length > QUEUE_MEMORY)
    return add_to_file(queue, folder, bytes, length);
  memcpy(queue->memory + queue->to, bytes, length);
  queue->to += length;
  return true;
}

/* Memory is empty: brings in the next part of the file, and gives its blocks back. */
static bool refill(struct queue *queue) {
  off_t left = queue->file_to - queue->file_from;
  size_t part = left < (off_t)QUEUE_MEMORY ? (size_t)left : QUEUE_MEMORY;
  ssize_t got = pread(queue->file, queue->memory, part, queue->file_from);
  if (got <= 0) return false;
  fallocate(queue->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, queue->file_from, got);
  queue->file_from += got;
  queue->from = 0;
  queue->to = (size_t)got;
  if (queue->file_from == queue->file_to) close(queue->file);
  return true;
}

bool queue_send(struct queue *queue, int socket) {
  while (queue->memory) {
    while (queue->from < queue->to) {
      ssize_t sent = send(socket, queue->memory + queue->from, queue->to - queue->from, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0) return errno == EAGAIN;
      queue->from += (size_t)sent;
    }
    if (queue->file_from == queue->file_to) queue_drop(queue);
    else if (!refill(queue)) return false;
  }
  return true;
}

void queue_drop(struct queue *queue) {
  if (queue->memory) munmap(queue->memory, QUEUE_MEMORY);
  if (queue->file_from != queue->file_to) close(queue->file);
  *queue = (struct queue){0};
}
