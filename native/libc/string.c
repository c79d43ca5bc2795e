/* The memory functions that C code, and the compiler by itself, calls. */
#include <stdint.h>
#include <string.h>

#if defined __x86_64__
/* A string instruction takes a while to begin: short pieces go by words. */
#define SHORT_BYTES 256

static void copy_short(uint8_t *out, const uint8_t *in, size_t length) {
  for (; length >= 8; length -= 8, out += 8, in += 8) __builtin_memcpy(out, in, 8);
  while (length--) *out++ = *in++;
}

void *memcpy(void *restrict to, const void *restrict from, size_t length) {
  void *start = to;
  if (length < SHORT_BYTES) return copy_short(to, from, length), start;
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(length) : : "memory");
  return start;
}
#else
void *memcpy(void *restrict to, const void *restrict from, size_t length) {
  uint8_t *out = to;
  const uint8_t *in = from;
  for (; length >= 8; length -= 8, out += 8, in += 8) __builtin_memcpy(out, in, 8);
  while (length--) *out++ = *in++;
  return to;
}
#endif

void *memmove(void *to, const void *from, size_t length) {
  uint8_t *out = to;
  const uint8_t *in = from;
  if (out < in) while (length--) *out++ = *in++;
  else while (length--) out[length] = in[length];
  return to;
}

void *memset(void *to, int value, size_t length) {
  uint8_t *out = to;
  while (length--) *out++ = (uint8_t)value;
  return to;
}

int memcmp(const void *a, const void *b, size_t length) {
  const uint8_t *left = a, *right = b;
  for (; length > 0; length--, left++, right++)
    if (*left != *right) return *left - *right;
  return 0;
}

/* Eight bytes at a time: a word has a zero byte when subtracting ones borrows into a top bit that was clear. */
void *memchr(const void *bytes, int value, size_t length) {
  const uint64_t ones = 0x0101010101010101u;
  const uint8_t *at = bytes, wanted = (uint8_t)value;
  for (uint64_t word; length >= 8; at += 8, length -= 8) {
    __builtin_memcpy(&word, at, 8);
    word ^= ones * wanted;
    if ((word - ones) & ~word & (ones << 7)) break;
  }
  for (; length > 0; at++, length--)
    if (*at == wanted) return (void *)(uintptr_t)at;
  return NULL;
}

void *memrchr(const void *bytes, int value, size_t length) {
  const uint8_t *start = bytes;
  while (length-- > 0)
    if (start[length] == (uint8_t)value) return (void *)(uintptr_t)(start + length);
  return NULL;
}

size_t strlen(const char *string) {
  size_t length = 0;
  while (string[length]) length++;
  return length;
}

char *strchr(const char *string, int value) {
  for (;; string++) {
    if (*string == (char)value) return (char *)(uintptr_t)string;
    if (!*string) return NULL;
  }
}

char *strcpy(char *restrict to, const char *restrict from) { return memcpy(to, from, strlen(from) + 1); }
