/* Small text building without the C library's printf, which alone would be half of the shim. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* A text being built in memory the caller owns; what does not fit is left out. */
struct text {
  char *at, *end;
};

void text_bytes(struct text *text, const void *bytes, size_t length);
void text_str(struct text *text, const char *string);
void text_number(struct text *text, int64_t number);

#define TIME_LENGTH 30
/* RFC 3339 with nanoseconds in UTC, exactly TIME_LENGTH bytes, of nanoseconds since 1970. */
void format_time(char out[TIME_LENGTH], int64_t ns);
