/* The shim's state and its parts. main.c is the table of contents. */
#pragma once
#include <stdbool.h>
#include <sys/types.h>
#include "backlog.h"
#include "executor.h"
#include "line.h"
#include "log.h"
#include "queue.h"

#define MAX_CLIENTS 64
#define FIRST_LINE_BYTES 64
#define OUTPUT_BYTES (64 << 10)
#define STDIN_BYTES (64 << 10)
#define PATIENCE_NS 10000000000ll /* with clients that do not speak, or do not take their bytes */

enum client_kind { CLIENT_NEW, CLIENT_CONTROL, CLIENT_ATTACH };

struct client {
  bool used, dead;
  enum client_kind kind;
  int fd;
  int out; /* where its output goes: the connection itself, or a descriptor that came over it */
  uint32_t watched, out_watched; /* the epoll events each is registered for; 0: none */
  bool reading, writing, hung_up; /* each half of the connection ends by itself */
  bool ending;                   /* half-close as soon as nothing waits */
  struct client_line wants;
  uint8_t line_length;
  char line[FIRST_LINE_BYTES];
  struct queue queue; /* a supervisor's */
  struct place place; /* an attach client's */
};

/* One of stdout, stderr, or the terminal. */
struct output {
  int fd; /* -1: ended, or never was */
  uint8_t stream;
  bool wide;       /* its pipe holds more than usual */
  int64_t read_ns; /* when it was last read, by CLOCK_MONOTONIC */
  struct line line;
};

/* Bytes on their way into the container; clients are not read while there are any. */
struct input {
  int fd; /* -1: closed */
  bool is_terminal, ends, watched;
  size_t from, to;
  uint8_t bytes[STDIN_BYTES + MAX_CLIENTS * FIRST_LINE_BYTES];
};

struct shim {
  struct plan plan; /* its strings are gone once init runs */
  struct executor executor;
  int epoll, listener, signals;
  int folder; /* the run folder */
  int spool;  /* where slow clients' backlog is kept: beside the log, for the run folder is often in memory */
  struct client clients[MAX_CLIENTS];
  struct backlog backlog;
  int64_t introduced; /* clients whose first line has come, or that went away before it */
  struct output outputs[2];
  struct input input;
  struct log log;
  int64_t last_sent_ns;
  enum { STARTING, RUNNING, FAILED, EXITED } state;
  bool init_gone;
  pid_t init;
  int64_t start_ticks;
  int failed_record, failed_error;
  int exit_code, exit_signal;
  int64_t exit_ns;
};

/* loop.c */
enum source { FROM_LISTENER, FROM_SIGNALS, FROM_INPUT, FROM_OUTPUT, FROM_CLIENT, FROM_CLIENT_OUT };
bool loop_open(struct shim *shim, int listener);
bool loop_add(struct shim *shim, int fd, uint32_t events, enum source source, uint32_t index);
/* Waits until something happens, at most `timeout_ms` (-1: for ever), and deals with it. */
void loop_once(struct shim *shim, int timeout_ms);

/* clients.c */
void clients_accept(struct shim *shim);
void client_event(struct shim *shim, struct client *client, uint32_t events);
/* The same of the descriptor its output goes to, if that is another. */
void client_out_event(struct shim *shim, struct client *client, uint32_t events);
/* A line for a supervisor. */
void client_tell(struct shim *shim, struct client *client, const void *line, size_t length);
/* Does anybody attached want this stream? */
bool clients_want(const struct shim *shim, uint8_t stream);
/* Output of a stream to all that want it: a frame, or raw bytes of a terminal. */
void clients_send(struct shim *shim, uint8_t stream, const uint8_t *bytes, size_t length);
/* Registers with epoll what is to be heard of this client. */
void client_watch(struct shim *shim, struct client *client);
void clients_watch_stdin(struct shim *shim);
void client_end(struct shim *shim, struct client *client);
void clients_sweep(struct shim *shim);
bool clients_idle(const struct shim *shim);
void clients_close(struct shim *shim);

/* passed.c */
/* Like recv; a descriptor that came with the bytes becomes the client's output if it has none yet. */
ssize_t receive_passed(struct client *client, void *bytes, size_t length);
/* Closes it, if there is one. */
void passed_close(struct shim *shim, struct client *client);

/* control.c */
void control_hello(struct shim *shim, struct client *client);
void control_line(struct shim *shim, const struct client_line *line);
/* To every supervisor: the steps, how they ended, and if that is so already, that init is gone. */
void control_tell_start(struct shim *shim);
/* The last line. */
void control_tell_exit(struct shim *shim);

/* output.c */
bool outputs_open(struct shim *shim);
bool outputs_ended(const struct shim *shim);
void output_event(struct shim *shim, struct output *output);
void outputs_drain(struct shim *shim);
void outputs_trim(struct shim *shim);

/* input.c */
bool input_open(struct shim *shim);
bool input_ready(const struct shim *shim);
void input_add(struct shim *shim, const void *bytes, size_t length);
ssize_t input_receive(struct shim *shim, int socket);
void input_flush(struct shim *shim);
void input_end(struct shim *shim);
void input_drop(struct shim *shim);

/* child.c */
void child_reap(struct shim *shim);
void child_kill(struct shim *shim);
int64_t child_start_ticks(pid_t pid);

/* exit_record.c */
void exit_record_write(struct shim *shim);
