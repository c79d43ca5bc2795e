/* What a supervisor has not taken yet of the lines it is told. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUEUE_MEMORY (256u << 10)

struct queue {
  uint8_t *memory; /* mapped while there is something to hold */
  size_t from, to;
};

static inline bool queue_empty(const struct queue *queue) { return queue->memory == NULL; }
/* False: out of memory, or more than a supervisor may leave unread. */
bool queue_add(struct queue *queue, const void *bytes, size_t length);
/* Sends as much as the socket takes without waiting. False: the client is gone. */
bool queue_send(struct queue *queue, int socket);
void queue_drop(struct queue *queue);
