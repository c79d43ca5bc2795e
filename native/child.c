/* Init and whatever was orphaned to the shim. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "clock.h"
#include "shim.h"
#include "text.h"

/* Init is the shim's child and not reaped yet, so its pid is its own. */
void child_kill(struct shim *shim) {
  if (shim->init <= 0) return;
  kill(shim->init, SIGKILL);
  while (waitpid(shim->init, NULL, 0) < 0) {
  }
}

static void note_exit(struct shim *shim, int status) {
  shim->exit_ns = clock_ns(CLOCK_REALTIME);
  shim->exit_signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  shim->exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  shim->init_gone = true;
}

void child_reap(struct shim *shim) {
  int status;
  pid_t pid;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
    if (pid == shim->init) note_exit(shim, status);
}

/* The fields of /proc/PID/stat after the program's name, which may hold anything, begin with the third. */
static int64_t field_22(const char *stat, const char *end) {
  const char *at = memrchr(stat, ')', (size_t)(end - stat));
  int64_t value = 0;
  for (int field = 2; at && at < end && field < 22; at++)
    if (*at == ' ') field++;
  while (at && at < end && *at >= '0' && *at <= '9') value = value * 10 + (*at++ - '0');
  return value;
}

int64_t child_start_ticks(pid_t pid) {
  char path[32] = "", stat[1024];
  struct text text = {path, path + sizeof path - 1};
  text_str(&text, "/proc/");
  text_number(&text, pid);
  text_str(&text, "/stat");
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t length = fd < 0 ? 0 : read(fd, stat, sizeof stat);
  if (fd >= 0) close(fd);
  return length > 0 ? field_22(stat, stat + length) : 0;
}
