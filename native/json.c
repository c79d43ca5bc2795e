#include "json.h"
#include <stdbool.h>
#include <string.h>

/* ASCII that goes through as it is. */
static bool plain(uint8_t byte) {
  return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\' && byte != '<' && byte != '>' && byte != '&';
}

/* By the compiler's own name: a freestanding `memcpy` is a call, which costs more than these eight bytes. */
static uint64_t load_word(const uint8_t *bytes) {
  uint64_t word;
  __builtin_memcpy(&word, bytes, sizeof word);
  return word;
}

/* True when none of eight bytes needs a closer look: each test sets the top bit of the bytes it is about. */
static bool plain_word(uint64_t word) {
  const uint64_t ones = 0x0101010101010101u, tops = ones << 7;
  uint64_t marks = word | (word - ones * 0x20);
#define IS(byte) (((word ^ ones * (byte)) - ones))
  marks |= IS('"') | IS('\\') | IS('<') | IS('>') | IS('&');
#undef IS
  return (marks & tops) == 0;
}

/* Length of the UTF-8 sequence at `bytes`, 0 when it is not one (Unicode 15, table 3-7). */
static size_t sequence(const uint8_t *bytes, size_t length) {
  uint8_t lead = bytes[0], low = 0x80, high = 0xbf;
  size_t size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (lead < 0xc2 || lead > 0xf4 || size > length) return 0;
  if (lead == 0xe0) low = 0xa0;
  if (lead == 0xed) high = 0x9f;
  if (lead == 0xf0) low = 0x90;
  if (lead == 0xf4) high = 0x8f;
  if (bytes[1] < low || bytes[1] > high) return 0;
  for (size_t i = 2; i < size; i++)
    if (bytes[i] < 0x80 || bytes[i] > 0xbf) return 0;
  return size;
}

static uint8_t *short_escape(uint8_t *out, uint8_t letter) {
  *out++ = '\\';
  *out++ = letter;
  return out;
}

static uint8_t *unicode_escape(uint8_t *out, unsigned code) {
  static const char hex[] = "0123456789abcdef";
  out = short_escape(out, 'u');
  for (int shift = 12; shift >= 0; shift -= 4) *out++ = (uint8_t)hex[code >> shift & 15];
  return out;
}

static uint8_t *escape_ascii(uint8_t *out, uint8_t byte) {
  switch (byte) {
    case '"':
    case '\\': return short_escape(out, byte);
    case '\n': return short_escape(out, 'n');
    case '\r': return short_escape(out, 'r');
    case '\t': return short_escape(out, 't');
    case '\b': return short_escape(out, 'b');
    case '\f': return short_escape(out, 'f');
    default: return unicode_escape(out, byte);
  }
}

static uint8_t *escape_sequence(uint8_t *out, const uint8_t *bytes, size_t size) {
  if (size == 0) return unicode_escape(out, 0xfffd);
  if (size == 3 && bytes[0] == 0xe2 && bytes[1] == 0x80 && (bytes[2] | 1) == 0xa9)
    return unicode_escape(out, 0x2000u | (bytes[2] & 0x3f));
  memcpy(out, bytes, size);
  return out + size;
}

size_t json_escape(uint8_t *out, const uint8_t *bytes, size_t length) {
  uint8_t *start = out;
  for (size_t i = 0; i < length;) {
    uint64_t word = length - i >= 8 ? load_word(bytes + i) : 0; /* zeros are not plain */
    if (plain_word(word)) {
      __builtin_memcpy(out, &word, 8);
      out += 8;
      i += 8;
    } else if (plain(bytes[i])) {
      *out++ = bytes[i++];
    } else if (bytes[i] < 0x80) {
      out = escape_ascii(out, bytes[i++]);
    } else {
      size_t size = sequence(bytes + i, length - i);
      out = escape_sequence(out, bytes + i, size);
      i += size ? size : 1;
    }
  }
  return (size_t)(out - start);
}
