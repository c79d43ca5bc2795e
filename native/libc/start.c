/* Where the kernel enters: the stack holds argc, argv, the environment and the auxiliary vector (getauxval(3)). The
 * shim has no C library below it, see calls.c. */
#include <elf.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv);
void clock_open(const void *vdso);

uintptr_t __stack_chk_guard;

_Noreturn void __stack_chk_fail(void) { __builtin_trap(); }

/* Compiled without stack protector: the guard is what it sets. */
__attribute__((used)) _Noreturn void start_in_c(long *stack) {
  long argc = *stack;
  char **argv = (char **)(stack + 1), **environment = argv + argc + 1;
  while (*environment) environment++;
  for (const Elf64_auxv_t *entry = (const Elf64_auxv_t *)(environment + 1); entry->a_type != AT_NULL; entry++) {
    if (entry->a_type == AT_RANDOM) __stack_chk_guard = *(const uintptr_t *)entry->a_un.a_val & ~(uintptr_t)0xff;
    if (entry->a_type == AT_SYSINFO_EHDR) clock_open((const void *)entry->a_un.a_val);
  }
  _exit(main((int)argc, argv));
}

#if defined __x86_64__
__asm__(".globl _start\n_start:\n xor %ebp, %ebp\n mov %rsp, %rdi\n and $-16, %rsp\n call start_in_c\n");
#elif defined __aarch64__
__asm__(".globl _start\n_start:\n mov x29, #0\n mov x30, #0\n mov x0, sp\n bl start_in_c\n");
#endif
