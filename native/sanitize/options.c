/* The shim has no environment and no stderr: what the sanitizers find goes to files. */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

const char *__asan_default_options(void) { return "log_path=/tmp/petri-shim-asan:detect_leaks=0:exitcode=77"; }
const char *__ubsan_default_options(void) { return "log_path=/tmp/petri-shim-ubsan:exitcode=77"; }
