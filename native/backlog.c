#include "backlog.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define MEMORY (256 << 10)
#define PIECE (64 << 10)
#define TURN 16 /* pieces in a row before others have theirs */
#define FRAME_HEADER 8
#define HOLE (1 << 20) /* the file is given back in parts of at least this */

static _Alignas(64 << 10) uint8_t memory[MEMORY];
static _Alignas(64 << 10) uint8_t piece[PIECE];

/* Empties the memory into the file. */
static bool spill(struct backlog *backlog, int folder) {
  if (backlog->in_file == 0) backlog->fd = openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (backlog->fd < 0) return false;
  for (size_t done = 0; done < backlog->in_memory;) {
    ssize_t written = pwrite(backlog->fd, memory + done, backlog->in_memory - done, backlog->in_file + (off_t)done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      if (backlog->in_file == 0) close(backlog->fd);
      return false;
    }
    done += (size_t)written;
  }
  backlog->in_file += (off_t)backlog->in_memory;
  backlog->in_memory = 0;
  return true;
}

bool backlog_add(struct backlog *backlog, int folder, const uint8_t *bytes, size_t length) {
  if (backlog->in_memory + length > MEMORY && !spill(backlog, folder)) return false;
  memcpy(memory + backlog->in_memory, bytes, length);
  backlog->in_memory += length;
  return true;
}

/* The bytes from `at` on: at most a piece of the file, or all there are in memory. NULL: the disk. */
static const uint8_t *bytes_at(const struct backlog *backlog, off_t at, size_t *length) {
  if (at >= backlog->in_file) {
    *length = (size_t)(backlog_end(backlog) - at);
    return memory + (at - backlog->in_file);
  }
  off_t left = backlog->in_file - at;
  ssize_t got = pread(backlog->fd, piece, left < PIECE ? (size_t)left : PIECE, at);
  if (got <= 0) return NULL;
  *length = (size_t)got;
  return piece;
}

/* Up to the next frame for this client. Frames are kept whole, in memory or in the file: a header is never cut. */
static bool find_frame(const struct backlog *backlog, struct place *place) {
  while (place->left_in_frame == 0 && place->at < backlog_end(backlog)) {
    size_t there, length = FRAME_HEADER;
    const uint8_t *header = bytes_at(backlog, place->at, &there);
    if (!header || there < FRAME_HEADER) return false;
    for (int i = 0; i < 4; i++) length += (size_t)header[4 + i] << (24 - 8 * i);
    if (header[0] == place->only) place->left_in_frame = length;
    else place->at += (off_t)length;
  }
  return true;
}

bool backlog_send(const struct backlog *backlog, struct place *place, int socket) {
  for (int turn = 0; turn < TURN && place->behind; turn++) {
    size_t length;
    if (place->only && !find_frame(backlog, place)) return false;
    const uint8_t *bytes = bytes_at(backlog, place->at, &length);
    if (!bytes) return false;
    if (place->only && length > place->left_in_frame) length = place->left_in_frame;
    ssize_t sent = length > 0 ? send(socket, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return errno == EAGAIN;
    place->at += sent;
    if (place->only) place->left_in_frame -= (size_t)sent;
    /* At the end nobody is behind, in the last turn too: the positions begin anew. */
    place->behind = place->at < backlog_end(backlog);
  }
  return true;
}

void backlog_release(struct backlog *backlog, off_t at) {
  if (at == backlog_end(backlog)) {
    if (backlog->in_file > 0) close(backlog->fd);
    *backlog = (struct backlog){.fd = -1};
  } else if (at - backlog->given_back >= HOLE) {
    off_t end = at < backlog->in_file ? at : backlog->in_file;
    fallocate(backlog->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, backlog->given_back, end - backlog->given_back);
    backlog->given_back = end;
  }
}

void backlog_trim(const struct backlog *backlog) {
  if (backlog_end(backlog) == 0) madvise(memory, sizeof memory, MADV_DONTNEED);
  madvise(piece, sizeof piece, MADV_DONTNEED);
}
