#include "text.h"
#include <string.h>

void text_bytes(struct text *text, const void *bytes, size_t length) {
  size_t room = (size_t)(text->end - text->at);
  if (length > room) length = room;
  memcpy(text->at, bytes, length);
  text->at += length;
}

void text_str(struct text *text, const char *string) { text_bytes(text, string, strlen(string)); }

void text_number(struct text *text, int64_t number) {
  char digits[20];
  size_t from = sizeof digits;
  uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;
  do digits[--from] = (char)('0' + left % 10);
  while (left /= 10);
  if (number < 0) text_str(text, "-");
  text_bytes(text, digits + from, sizeof digits - from);
}

static void fixed(char *out, int width, int64_t value) {
  for (int i = width - 1; i >= 0; i--, value /= 10) out[i] = (char)('0' + value % 10);
}

/* Days since 1970 to a date, counting years from March so that the leap day is the last. */
static void format_date(char out[10], int64_t days) {
  int64_t since = days + 719468, era = since / 146097, day = since % 146097;
  int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
  int64_t in_year = day - (365 * year + year / 4 - year / 100);
  int64_t march_month = (5 * in_year + 2) / 153;
  int64_t month = march_month < 10 ? march_month + 3 : march_month - 9;
  fixed(out, 4, year + era * 400 + (month <= 2));
  out[4] = out[7] = '-';
  fixed(out + 5, 2, month);
  fixed(out + 8, 2, in_year - (153 * march_month + 2) / 5 + 1);
}

void format_time(char out[TIME_LENGTH], int64_t ns) {
  if (ns < 0) ns = 0;
  int64_t seconds = ns / 1000000000;
  format_date(out, seconds / 86400);
  out[10] = 'T';
  out[13] = out[16] = ':';
  out[19] = '.';
  out[29] = 'Z';
  fixed(out + 11, 2, seconds / 3600 % 24);
  fixed(out + 14, 2, seconds / 60 % 60);
  fixed(out + 17, 2, seconds % 60);
  fixed(out + 20, 9, ns % 1000000000);
}
