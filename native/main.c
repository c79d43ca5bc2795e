/* petri-shim PLAN_FD LISTEN_FD: makes a container from a plan and stays with it to its end. What it reads and writes
 * is described in docs/shim.md. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "clock.h"
#include "shim.h"

static struct shim shim;
static struct wire wire;
static uint8_t *plan_bytes;
static size_t plan_length;

/* A number of a descriptor above stdio; -1 if it is none. */
static int descriptor(const char *argument) {
  int fd = 0;
  for (const char *at = argument; *at; at++) {
    if (*at < '0' || *at > '9' || fd > 1 << 20) return -1;
    fd = fd * 10 + (*at - '0');
  }
  return fd >= 3 && fcntl(fd, F_GETFD) >= 0 ? fd : -1;
}

/* Read into memory of our own, so that nobody can change it between check and use. */
static uint8_t *load(int fd, size_t *length) {
  struct stat status;
  if (fstat(fd, &status) < 0 || status.st_size <= 0 || status.st_size > (off_t)WIRE_MAX_BYTES) return NULL;
  *length = (size_t)status.st_size;
  uint8_t *bytes = mmap(NULL, *length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (bytes == MAP_FAILED) return NULL;
  for (size_t done = 0; done < *length;) {
    ssize_t got = pread(fd, bytes + done, *length - done, (off_t)done);
    if (got <= 0) return NULL;
    done += (size_t)got;
  }
  return bytes;
}

static bool named(int fd, int listener) {
  if (fd == listener) return true;
  for (uint32_t i = 0; i < wire.inherited_count; i++)
    if (wire.inherited[i].fd == fd) return true;
  return false;
}

static int next_named(int from, int listener) {
  int next = listener >= from ? listener : -1;
  for (uint32_t i = 0; i < wire.inherited_count; i++) {
    int fd = wire.inherited[i].fd;
    if (fd >= from && (next < 0 || fd < next)) next = fd;
  }
  return next;
}

/* Everything that nobody named is closed, and nothing survives an execve by accident. */
static bool tidy_descriptors(int listener) {
  for (uint32_t i = 0; i < wire.inherited_count; i++)
    if (wire.inherited[i].fd == listener || fcntl(wire.inherited[i].fd, F_GETFD) < 0) return false;
  for (int from = 3, next; from >= 0; from = next < 0 ? -1 : next + 1) {
    next = next_named(from, listener);
    if (next == from) continue;
    syscall(SYS_close_range, from, next < 0 ? ~0u : (unsigned)next - 1, 0);
  }
  for (int fd = next_named(3, listener); fd >= 0 && named(fd, listener); fd = next_named(fd + 1, listener))
    fcntl(fd, F_SETFD, FD_CLOEXEC);
  return true;
}

/* The log's folder; the run folder when there is no log, or a device is the log. */
static int open_spool(const char *log_path, int folder) {
  char path[PATH_MAX];
  size_t length = strlen(log_path);
  const char *slash = memrchr(log_path, '/', length);
  if (!slash || slash == log_path || length >= sizeof path || (length > 5 && memcmp(log_path, "/dev/", 5) == 0))
    return folder;
  memcpy(path, log_path, (size_t)(slash - log_path));
  path[slash - log_path] = 0;
  int spool = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return spool < 0 ? folder : spool;
}

static bool prepare(int argc, char **argv) {
  if (argc != 3) return false;
  int plan = descriptor(argv[1]), listener = descriptor(argv[2]);
  if (plan < 0 || listener < 0 || plan == listener) return false;
  plan_bytes = load(plan, &plan_length);
  if (!plan_bytes || !wire_read(&wire, plan_bytes, plan_length) || !tidy_descriptors(listener)) return false;
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  prctl(PR_SET_NAME, "petri-shim", 0, 0, 0);
  shim.plan = wire_plan(&wire);
  shim.executor.rows = (uint16_t)shim.plan.rows;
  shim.executor.columns = (uint16_t)shim.plan.columns;
  shim.outputs[0].fd = shim.outputs[1].fd = shim.input.fd = shim.log.fd = -1;
  shim.folder = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  shim.spool = open_spool(shim.plan.log_path, shim.folder);
  fcntl(listener, F_SETFL, fcntl(listener, F_GETFL) | O_NONBLOCK);
  return shim.folder >= 0 && executor_open(&shim.executor, &wire) && loop_open(&shim, listener);
}

static void await_clients(void) {
  int64_t deadline = clock_ns(CLOCK_MONOTONIC) + PATIENCE_NS, left = PATIENCE_NS;
  while (shim.introduced < shim.plan.clients && left > 0) {
    loop_once(&shim, (int)(left / 1000000) + 1);
    left = deadline - clock_ns(CLOCK_MONOTONIC);
  }
}

static void fail(int record, int error) {
  shim.state = FAILED;
  shim.failed_record = record;
  shim.failed_error = error;
  child_kill(&shim);
}

/* From here on nothing but SIGKILL ends the shim: the container's end is its own. */
static bool guard_signals(void) {
  static const int ignored[] = {SIGPIPE, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
  sigset_t child;
  for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) signal(ignored[i], SIG_IGN);
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child, NULL);
  shim.signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
  return shim.signals >= 0 && loop_add(&shim, shim.signals, EPOLLIN, FROM_SIGNALS, 0);
}

static void start(void) {
  if (!log_open(&shim.log, shim.plan.log_path, shim.plan.log_max_bytes, shim.plan.log_max_files))
    return fail(-1, errno);
  struct outcome outcome = execute(&shim.executor);
  shim.init = outcome.init;
  if (outcome.failed_record >= 0)
    return fail(outcome.failed_record, shim.executor.results[outcome.failed_record].error);
  executor_release(&shim.executor);
  munmap(plan_bytes, plan_length);
  shim.start_ticks = child_start_ticks(shim.init);
  shim.state = RUNNING;
  if (!guard_signals() || !outputs_open(&shim) || !input_open(&shim)) fail(-1, errno);
}

static void run(void) {
  child_reap(&shim);
  bool brief = shim.init_gone; /* it has ended already: start and end are told in one */
  if (!brief) control_tell_start(&shim);
  clients_watch_stdin(&shim);
  while (!shim.init_gone) loop_once(&shim, -1);
  outputs_drain(&shim);
  log_flush(&shim.log);
  exit_record_write(&shim);
  shim.state = EXITED;
  if (brief) control_tell_start(&shim);
  else control_tell_exit(&shim);
}

/* Those who do not take what is theirs for ten seconds go without. */
static void part(void) {
  input_drop(&shim);
  for (int i = 0; i < MAX_CLIENTS; i++)
    if (shim.clients[i].used) client_end(&shim, &shim.clients[i]);
  shim.last_sent_ns = clock_ns(CLOCK_MONOTONIC);
  while (!clients_idle(&shim) && clock_ns(CLOCK_MONOTONIC) - shim.last_sent_ns < PATIENCE_NS) loop_once(&shim, 1000);
  clients_close(&shim);
}

int main(int argc, char **argv) {
  if (!prepare(argc, argv)) return 1;
  await_clients();
  start();
  if (shim.state == RUNNING) run();
  else control_tell_start(&shim);
  part();
  return shim.state == FAILED;
}
