/* execve, with the search of PATH that execvp(3) does. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "executor.h"

/* The NULL-terminated array that execve wants; the strings stay where they are. */
static char **fill_vector(struct cursor *c, char **items) {
  for (uint32_t left = take_u32(c); left > 0; left--) *items++ = (char *)(uintptr_t)take_str(c);
  return items + 1;
}

/* Every string takes at least five bytes on the wire, which bounds how many there are. */
bool program_open(struct executor *executor) {
  const struct record *record = &executor->wire->records[executor->wire->record_count - 1];
  struct cursor c = {record->args, record->args + record->length, false};
  struct program *program = &executor->program;
  program->bytes = (record->length / 5 + 3) * sizeof(char *);
  program->argv = mmap(NULL, program->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (program->argv == MAP_FAILED) return false;
  program->file = take_str(&c);
  program->envp = fill_vector(&c, program->argv);
  program->path = fill_vector(&c, program->envp);
  fill_vector(&c, program->path);
  return true;
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
  const struct program *program = &call->executor->program;
  if (!*program->file) return errno = ENOENT, -1;
  if (strchr(program->file, '/')) return execve(program->file, program->argv, program->envp);
  return search(program->file, program->argv, program->envp, program->path);
}
