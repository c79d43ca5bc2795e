/* clock_gettime without entering the kernel (vdso(7)): a step is timed even when the one before it forbade system
 * calls. The function is looked up in the table of symbols of the image that the kernel maps. */
#include <elf.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include "syscall.h"

#if defined __x86_64__
#define NAME "__vdso_clock_gettime"
#else
#define NAME "__kernel_clock_gettime"
#endif

static int (*from_vdso)(clockid_t, struct timespec *);

void clock_open(const void *vdso) {
  const char *image = vdso;
  const Elf64_Ehdr *header = vdso;
  const Elf64_Shdr *sections = (const Elf64_Shdr *)(image + header->e_shoff);
  for (int i = 0; header->e_shoff && i < header->e_shnum; i++) {
    if (sections[i].sh_type != SHT_DYNSYM) continue;
    const Elf64_Sym *symbols = (const Elf64_Sym *)(image + sections[i].sh_offset);
    const char *names = image + sections[sections[i].sh_link].sh_offset;
    for (size_t s = 0; s < sections[i].sh_size / sizeof *symbols; s++)
      if (memcmp(names + symbols[s].st_name, NAME, sizeof NAME) == 0)
        from_vdso = (int (*)(clockid_t, struct timespec *))(uintptr_t)(image + symbols[s].st_value);
  }
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  if (from_vdso && from_vdso(clock, now) == 0) return 0;
  return (int)raw_syscall(SYS_clock_gettime, clock, (long)now, 0, 0, 0, 0);
}

int nanosleep(const struct timespec *time, struct timespec *left) {
  return (int)raw_syscall(SYS_nanosleep, (long)time, (long)left, 0, 0, 0, 0);
}
