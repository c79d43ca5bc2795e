/* The first line of a client, and a supervisor's: any bytes are one of the known lines or bad. */
#include <stdlib.h>
#include <string.h>
#include "line.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  struct client_line line = line_read((const char *)bytes, length);
  if (line.kind == LINE_CONTROL && length != strlen("control")) abort();
  if (line.kind == LINE_ATTACH && length > strlen("attach ioe")) abort();
  return 0;
}
