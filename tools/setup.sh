#!/bin/sh
# Sees that what Petri needs is on this machine, and installs the Debian packages that are missing.
# Says nothing when nothing is missing. Usage: tools/setup.sh
set -eu

fail() {
  printf 'petri: %s\n' "$@" >&2
  exit 1
}

[ "$(uname -s)" = Linux ] || fail "Petri runs on Linux; this is $(uname -s)"

command -v node >/dev/null 2>&1 ||
  fail 'Node is not installed; Petri needs Node 20.19 or newer (https://nodejs.org/en/download)'
node -e 'const [a, b] = process.versions.node.split(".").map(Number);
  process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
  fail "Node is $(node --version); Petri needs 20.19 or newer (https://nodejs.org/en/download)"

has_library() {
  # /sbin is not always on the PATH of a user
  PATH="$PATH:/sbin:/usr/sbin" ldconfig -p | grep -q "[[:space:]]$1 "
}

missing=''
command -v cc >/dev/null 2>&1 && [ -e /usr/include/errno.h ] || missing="$missing build-essential"
has_library libnftables.so.1 || missing="$missing libnftables1"
has_library libseccomp.so.2 || missing="$missing libseccomp2"
[ -x /bin/busybox ] && ! ldd /bin/busybox >/dev/null 2>&1 || missing="$missing busybox-static"
command -v npm >/dev/null 2>&1 || missing="$missing npm"
[ -n "$missing" ] || exit 0

command -v apt-get >/dev/null 2>&1 ||
  fail "missing on this machine:$missing" 'install what your distribution calls them, then try again'
if [ "$(id -u)" = 0 ]; then
  as_root=''
elif command -v sudo >/dev/null 2>&1; then
  as_root='sudo'
else
  fail "missing on this machine:$missing" "install them as root: apt-get install$missing"
fi

echo "apt-get install$missing"
install="$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends"
# The list of packages may be empty (a fresh image) or old: ask for a new one only then.
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086
$install $missing >"$log" 2>&1 </dev/null || {
  { $as_root apt-get update -qq && $install $missing; } >"$log" 2>&1 </dev/null || {
    cat "$log" >&2
    fail "could not install:$missing"
  }
}
