/* What a client has not taken yet: in memory up to 256 KiB, then in an unlinked file, in order. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define QUEUE_MEMORY (256u << 10)
#define QUEUE_FILE_MAX (1ll << 30)

struct queue {
  uint8_t *memory; /* mapped while there is something to hold */
  size_t from, to; /* what is in memory; it precedes what is in the file */
  int file;        /* open while file_from < file_to */
  off_t file_from, file_to;
};

static inline bool queue_empty(const struct queue *queue) { return queue->memory == NULL; }
/* False: out of memory, disk, or over 1 GiB. `folder` is where the file is made. */
bool queue_add(struct queue *queue, int folder, const void *bytes, size_t length);
/* Sends as much as the socket takes without waiting. False: the client is gone. */
bool queue_send(struct queue *queue, int socket);
void queue_drop(struct queue *queue);
