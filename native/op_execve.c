/* execve, with the search of PATH that execvp(3) does. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "executor.h"

/* The NULL-terminated array that execve wants; the strings stay where they are. */
static char **vector(struct call *call) {
  uint32_t count = take_u32(&call->in);
  char **items = mmap(NULL, ((size_t)count + 1) * sizeof *items, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (uint32_t i = 0; i < count; i++) {
    const char *item = take_str(&call->in);
    if (items != MAP_FAILED) items[i] = (char *)(uintptr_t)item;
  }
  return items == MAP_FAILED ? NULL : items;
}

static bool join(char out[PATH_MAX], const char *dir, const char *file) {
  size_t dir_length = strlen(dir), file_length = strlen(file);
  if (dir_length + 1 + file_length + 1 > PATH_MAX) return false;
  memcpy(out, dir, dir_length);
  out[dir_length] = '/';
  memcpy(out + dir_length + 1, file, file_length + 1);
  return true;
}

/* execve says EACCES of a folder too; a folder of the program's name does not count as found. */
static bool is_folder(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static long search(const char *file, char **argv, char **envp, char **path) {
  char candidate[PATH_MAX];
  int found = ENOENT;
  for (; *path; path++) {
    if (!join(candidate, **path ? *path : ".", file)) continue;
    execve(candidate, argv, envp);
    if (errno == EACCES && !is_folder(candidate))
      found = EACCES;
    else if (errno != EACCES && errno != ENOENT && errno != ENOTDIR)
      return -1;
  }
  errno = found;
  return -1;
}

long op_execve(struct call *call) {
  const char *file = arg_str(call);
  char **argv = vector(call), **envp = vector(call), **path = vector(call);
  if (!argv || !envp || !path) return errno = ENOMEM, -1;
  if (!*file) return errno = ENOENT, -1;
  return strchr(file, '/') ? execve(file, argv, envp) : search(file, argv, envp, path);
}
