/* Output that attach clients have not taken yet, kept once for all of them: the end of it in memory, what comes before
 * in an unlinked file. Positions count all bytes that were ever kept since somebody was behind. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define BACKLOG_MAX (1ll << 30) /* how far behind a client may be */

struct backlog {
  int fd;          /* open while 0 < in_file */
  off_t in_file;   /* what is before is in the file, the rest in memory */
  off_t given_back; /* what is before has no blocks in the file any more */
  size_t in_memory;
};

/* Where one client stands in it. */
struct place {
  bool behind; /* it goes on at `at`; else it has had all */
  off_t at;
  uint8_t only;         /* the one stream that it is sent: frames of the other are passed over; 0: every byte */
  size_t left_in_frame; /* with `only`: of a frame that it has begun to take */
};

static inline off_t backlog_end(const struct backlog *backlog) { return backlog->in_file + (off_t)backlog->in_memory; }
/* Keeps bytes behind those that are there. False: no disk. `folder` is where the file is made. */
bool backlog_add(struct backlog *backlog, int folder, const uint8_t *bytes, size_t length);
/* Sends as much as the socket takes without waiting, or a good part of it. False: the client is gone, or the disk. */
bool backlog_send(const struct backlog *backlog, struct place *place, int socket);
/* Gives back what lies before `at`, where the last of those behind stands. */
void backlog_release(struct backlog *backlog, off_t at);
/* Gives the memory back to the kernel, if nobody is behind. */
void backlog_trim(const struct backlog *backlog);
