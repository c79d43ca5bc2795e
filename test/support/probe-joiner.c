/* probe-joiner CANARY: lies in wait, as root with CAP_SYS_PTRACE in a container, for processes that enter it, and takes
 * from each what it can before it executes its program: its root (is CANARY, a file of the host, there?), its
 * descriptors, its rights. Prints `ready`, then a line for each thing that is not the container's own; ends when
 * /stop exists, with the number of processes it got hold of. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static char seen[1 << 16];
static const char *canary;

static unsigned long long rights_of(const char *pid) {
  char path[64], line[256];
  unsigned long long rights = 0;
  snprintf(path, sizeof path, "/proc/%s/status", pid);
  FILE *file = fopen(path, "re");
  while (file && fgets(line, sizeof line, file)) sscanf(line, "CapPrm: %llx", &rights);
  if (file) fclose(file);
  return rights;
}

static void try_root(const char *pid) {
  char path[512];
  snprintf(path, sizeof path, "/proc/%s/root%s", pid, canary);
  if (access(path, F_OK) == 0) printf("root of the host by %s\n", pid);
}

static int own(const char *target) {
  return !strncmp(target, "pipe:", 5) || !strncmp(target, "/dev/", 5) || !strcmp(target, "/");
}

static void try_descriptors(const char *pid) {
  char path[300], target[256];
  snprintf(path, sizeof path, "/proc/%s/fd", pid);
  DIR *dir = opendir(path);
  for (struct dirent *entry; dir && (entry = readdir(dir));) {
    snprintf(path, sizeof path, "/proc/%s/fd/%s", pid, entry->d_name);
    ssize_t length = readlink(path, target, sizeof target - 1);
    if (length <= 0) continue;
    target[length] = 0;
    if (!own(target)) printf("descriptor %s: %s\n", entry->d_name, target);
  }
  if (dir) closedir(dir);
}

int main(int argc, char **argv) {
  int held = 0;
  if (argc != 2) return 2;
  canary = argv[1];
  unsigned long long mine = rights_of("self");
  setvbuf(stdout, NULL, _IOLBF, 0);
  printf("ready\n");
  for (unsigned round = 0; round % 256 || access("/stop", F_OK) != 0; round++) {
    DIR *proc = opendir("/proc");
    for (struct dirent *entry; proc && (entry = readdir(proc));) {
      int pid = atoi(entry->d_name);
      if (pid <= 1 || pid == getpid() || pid >= (int)sizeof seen || seen[pid]) continue;
      seen[pid] = 1;
      try_root(entry->d_name);
      try_descriptors(entry->d_name);
      unsigned long long rights = rights_of(entry->d_name);
      if (rights & ~mine) printf("rights %llx\n", rights);
      if (ptrace(PTRACE_SEIZE, pid, 0, 0) == 0) held++;
    }
    if (proc) closedir(proc);
    while (waitpid(-1, NULL, WNOHANG | __WALL) > 0) {
    }
  }
  printf("held %d\n", held);
  return 0;
}
