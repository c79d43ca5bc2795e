/* Process 1 of a container with --init: starts the program as its child, hands every signal on to it, reaps what is
 * orphaned to it, and ends as the program ends. Run as `docker-init -- PROGRAM ARGUMENT...`. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIGSET_BYTES 8
#define NOT_EXECUTABLE 126
#define NOT_FOUND 127
#define FAILED 128

typedef uint64_t signals; /* bit n-1 stands for signal n */

static const char default_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static long mask(signals set) { return syscall(SYS_rt_sigprocmask, SIG_SETMASK, &set, NULL, SIGSET_BYTES); }

/* Faults of init's own must end it; a stopped terminal must not stop it. */
static signals all_but_faults(void) {
  static const int faults[] = {SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGTRAP, SIGSYS};
  signals set = ~(signals)0;
  for (unsigned i = 0; i < sizeof faults / sizeof *faults; i++) set &= ~((signals)1 << (faults[i] - 1));
  return set;
}

static const char *search_path(char **environment) {
  for (; *environment; environment++)
    if (!memcmp(*environment, "PATH=", 5)) return *environment + 5;
  return default_path;
}

/* Folder and file joined; false when that is too long. */
static int join(char *out, const char *folder, size_t length, const char *file) {
  size_t rest = strlen(file);
  if (length + rest + 2 > PATH_MAX) return 0;
  memcpy(out, folder, length);
  if (length) out[length++] = '/';
  memcpy(out + length, file, rest + 1);
  return 1;
}

/* As execvp(3). Returns only when nothing could be executed, with the exit code for it. */
static int execute(char **argv, char **environment) {
  static char candidate[PATH_MAX];
  int code = NOT_FOUND;
  if (strchr(*argv, '/')) {
    syscall(SYS_execve, *argv, argv, environment);
    return errno == ENOENT || errno == ENOTDIR ? NOT_FOUND : NOT_EXECUTABLE;
  }
  for (const char *at = search_path(environment), *end;; at = end + 1) {
    for (end = at; *end && *end != ':'; end++) {
    }
    if (join(candidate, at, (size_t)(end - at), *argv)) syscall(SYS_execve, candidate, argv, environment);
    if (errno != ENOENT && errno != ENOTDIR) code = NOT_EXECUTABLE;
    if (!*end) return code;
  }
}

static void say(const char *text) { syscall(SYS_write, 2, text, strlen(text)); }

/* The child: a process group of its own, in front of the terminal if there is one. */
static _Noreturn void be_program(char **argv, char **environment) {
  int group = (int)syscall(SYS_getpid);
  syscall(SYS_setpgid, 0, 0);
  signal(SIGTTOU, SIG_IGN);
  syscall(SYS_ioctl, 0, TIOCSPGRP, &group); /* without a terminal it fails, and need not succeed */
  signal(SIGTTOU, SIG_DFL);
  mask(0);
  int code = execute(argv, environment);
  say("docker-init: exec ");
  say(*argv);
  say(code == NOT_FOUND ? ": No such file or directory\n" : ": Permission denied\n");
  _exit(code);
}

/* Buries whoever has ended. Returns the program's exit code once it is among them, else -1. */
static int reap(int program) {
  int status, code = -1;
  for (;;) {
    int pid = (int)waitpid(-1, &status, WNOHANG);
    if (pid <= 0) return code;
    if (pid == program) code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
}

int main(int argc, char **argv) {
  char **environment = argv + argc + 1;
  int first = argc > 1 && !memcmp(argv[1], "--", 3) ? 2 : 1;
  if (first >= argc) return FAILED;
  prctl(PR_SET_NAME, "docker-init", 0, 0, 0);
  signals waited = all_but_faults();
  mask(waited);
  int program = (int)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (program < 0) return FAILED;
  if (program == 0) be_program(argv + first, environment);
  for (;;) {
    int number = (int)syscall(SYS_rt_sigtimedwait, &waited, NULL, NULL, SIGSET_BYTES);
    if (number > 0 && number != SIGCHLD) kill(program, number);
    int code = number == SIGCHLD ? reap(program) : -1;
    if (code >= 0) return code;
  }
}
