#pragma once
#include <stddef.h>
#include <stdint.h>

/* The most that one byte can become. */
#define JSON_GROWTH 6

/* Writes `bytes` as the inside of a JSON string, escaped as Go's encoding/json does (docker's log readers
 * expect it): quotes, backslash, control bytes, <, >, &, U+2028 and U+2029 escaped; what is not UTF-8
 * becomes \ufffd. `out` must hold JSON_GROWTH * length bytes. Returns how many were written. */
size_t json_escape(uint8_t *out, const uint8_t *bytes, size_t length);
