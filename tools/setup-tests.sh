#!/bin/sh
# Sees that what the tests look at the kernel with is on this machine, and installs the Debian packages that are
# missing. docker's own command is only unpacked into build/tools: its package would start another engine.
# Says nothing when nothing is missing. Without root there is nothing to do: those tests are skipped.
set -eu
[ "$(id -u)" = 0 ] || exit 0

missing=''
need() { # COMMAND PACKAGE
  PATH="$PATH:/sbin:/usr/sbin" command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}
need strace strace
need ip iproute2
need nft nftables
need iptables iptables
need setcap libcap2-bin
need script bsdutils
need ps procps
[ -e /usr/lib/python3/dist-packages/docker ] || missing="$missing python3-docker"

docker=yes
PATH="$PATH:$PWD/build/tools/usr/bin" command -v docker >/dev/null 2>&1 || docker=''
[ -n "$missing" ] || [ -z "$docker" ] || exit 0

command -v apt-get >/dev/null 2>&1 || {
  echo "for all tests install:$missing docker's command" >&2
  exit 0
}
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
fetch() {
  # shellcheck disable=SC2086
  [ -z "$missing" ] || apt-get install -qq -y --no-install-recommends $missing
  [ -n "$docker" ] || unpack_docker
}
unpack_docker() {
  mkdir -p build/tools
  folder=$(mktemp -d)
  (cd "$folder" && { apt-get download -qq docker-cli || apt-get download -qq docker.io; })
  dpkg -x "$folder"/docker*.deb build/tools
  rm -r "$folder"
}
[ -n "$docker" ] || note=" and docker's command"
echo "for the tests:$missing${note:-}"
fetch >"$log" 2>&1 </dev/null || { apt-get update -qq && fetch; } >"$log" 2>&1 </dev/null || {
  cat "$log" >&2
  exit 1
}
