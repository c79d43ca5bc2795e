#!/bin/sh
# Sees that what the tests look at the kernel with is on this machine, and installs the Debian packages that are
# missing. docker's own command, dockerd to compare with, docker-registry and compose 2 are only unpacked into build/tools: their
# packages would start services.
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
need dig bind9-dnsutils
need setcap libcap2-bin
need script bsdutils
need ps procps
need openssl openssl
need zstd zstd
need curl curl
need docker-compose docker-compose
need bsdtar libarchive-tools
[ -e /usr/lib/python3/dist-packages/docker ] || missing="$missing python3-docker"

unpacked='' wished='' compose=''
need_unpacked() { # COMMAND PACKAGE…: the first package there is
  PATH="$PATH:$PWD/build/tools/usr/bin:$PWD/build/tools/usr/sbin" command -v "$1" >/dev/null 2>&1 && return
  shift
  unpacked="$unpacked $(echo "$*" | tr ' ' '|')"
}
need_unpacked docker docker-cli docker.io
need_unpacked docker-registry docker-registry
need_unpacked dockerd docker.io
need_unpacked containerd containerd
need_unpacked runc runc
need_unpacked tini-static tini
# Not everywhere to be had; without it its tests are skipped.
command -v skopeo >/dev/null 2>&1 || wished=skopeo
plugin=usr/libexec/docker/cli-plugins/docker-compose
[ -e "/$plugin" ] || [ -e "build/tools/$plugin" ] || compose=' compose'
[ -n "$missing$unpacked$wished$compose" ] || exit 0

command -v apt-get >/dev/null 2>&1 || {
  echo "for all tests install:$missing$unpacked" >&2
  exit 0
}
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
fetch() {
  # shellcheck disable=SC2086
  [ -z "$missing" ] || apt-get install -qq -y --no-install-recommends $missing
  for packages in $unpacked; do unpack "$packages" || return; done
}
unpack() { # PACKAGE|PACKAGE…
  mkdir -p build/tools
  folder=$(mktemp -d)
  for package in $(echo "$1" | tr '|' ' '); do
    (cd "$folder" && apt-get download -qq "$package") && break
  done
  dpkg -x "$folder"/*.deb build/tools
  rm -r "$folder"
}
echo "for the tests:$missing$unpacked $wished$compose"
fetch >"$log" 2>&1 </dev/null || { apt-get update -qq && fetch; } >"$log" 2>&1 </dev/null || {
  cat "$log" >&2
  exit 1
}
[ -z "$wished" ] || apt-get install -qq -y --no-install-recommends "$wished" >"$log" 2>&1 </dev/null ||
  echo "its tests are skipped: cannot install $wished: $(tail -n 1 "$log")"
[ -z "$compose" ] || tools/unpack-compose.sh build/tools >"$log" 2>&1 </dev/null ||
  echo "its test is skipped: cannot unpack compose 2: $(tail -n 1 "$log")"
