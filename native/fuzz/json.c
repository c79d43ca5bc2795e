/* What a container writes cannot break out of its JSON string: no bare quote, no control byte, valid UTF-8, escapes
 * whole, and never longer than promised. */
#include <stdlib.h>
#include <string.h>
#include "json.h"

static size_t escape_length(const uint8_t *at, const uint8_t *end) {
  if (end - at < 2 || !strchr("\"\\nrtbfu", at[1])) abort();
  if (at[1] != 'u') return 2;
  if (end - at < 6) abort();
  for (int i = 2; i < 6; i++)
    if (!strchr("0123456789abcdef", at[i])) abort();
  return 6;
}

static size_t utf8_length(const uint8_t *at, const uint8_t *end) {
  size_t size = *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;
  if (*at < 0xc2 || *at > 0xf4 || (size_t)(end - at) < size) abort();
  for (size_t i = 1; i < size; i++)
    if ((at[i] & 0xc0) != 0x80) abort();
  return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  uint8_t *out = malloc(JSON_GROWTH * length + 1);
  size_t written = json_escape(out, bytes, length);
  if (written > JSON_GROWTH * length) abort();
  for (const uint8_t *at = out, *end = out + written; at < end;) {
    if (*at < 0x20 || *at == '"') abort();
    at += *at == '\\' ? escape_length(at, end) : *at < 0x80 ? 1 : utf8_length(at, end);
  }
  free(out);
  return 0;
}
