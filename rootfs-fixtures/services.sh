#!/bin/sh
# Builds a root filesystem of Debian with servers and clients in it, from the archive that debian.sh makes and the packages
# that this machine's apt chooses. Needs root, half a minute, and the package archive.
# Does nothing if OUT is there and newer than this script and DEBIAN.tar.
# Usage: rootfs-fixtures/services.sh DEBIAN.tar OUT.tar
set -eu
export LC_ALL=C DEBIAN_FRONTEND=noninteractive
umask 022

packages='nginx-light postgresql redis-server redis-tools iperf3 curl'

fail() {
  echo "services.sh: $*" >&2
  exit 1
}

[ $# -eq 2 ] || fail 'usage: services.sh DEBIAN.tar OUT.tar'
debian=$1
out=$2
is_newer() {
  [ -n "$(find "$out" -newer "$1")" ]
}
[ -s "$out" ] && is_newer "$0" && is_newer "$debian" && exit 0

scratch=$(mktemp -d)
# The second name is the archive before it is renamed into place.
partial=$out.$$
trap 'rm -rf "$scratch" "$partial"' EXIT
trap 'exit 1' INT TERM HUP
root=$scratch/rootfs
mkdir -p "$root" "$scratch/archives/partial"
tar --extract --file "$debian" --directory "$root" --numeric-owner

# What is missing there is chosen and brought by the apt of this machine, which knows its archive and how to get at it.
# shellcheck disable=SC2086
apt-get -o Dir::State::status="$root/var/lib/dpkg/status" -o Dir::Cache::archives="$scratch/archives" \
  -o APT::Sandbox::User=root -qq --yes --download-only --no-install-recommends install $packages \
  >"$scratch/log" 2>&1 || {
  cat "$scratch/log" >&2
  fail 'cannot download the packages; run apt-get update'
}

# No cluster yet, no waiting for the disk; and without what is large and not needed: documents, translations, the compiler that
# speeds up long queries. Manuals stay, for alternatives are links to them.
mkdir -p "$root/etc/postgresql-common" "$root/archives"
echo 'create_main_cluster = false' >"$root/etc/postgresql-common/createcluster.conf"
for path in 'share/doc' 'share/locale' 'lib/*/libLLVM' 'lib/postgresql/*/lib/bitcode'; do
  echo "path-exclude=/usr/$path*"
done >"$root/etc/dpkg/dpkg.cfg.d/small"
mv "$scratch"/archives/*.deb "$root/archives"
# Namespaces of its own: what the packages' scripts mount and start ends with them.
unshare --mount --pid --fork sh -c 'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" &&
  exec chroot "$0" sh -c "dpkg --force-unsafe-io --force-confold --install /archives/*.deb"' "$root" \
  >"$scratch/log" 2>&1 || {
  tail -n 20 "$scratch/log" >&2
  fail 'the packages could not be installed'
}
for program in usr/sbin/nginx usr/bin/redis-server usr/bin/redis-cli usr/bin/psql usr/bin/iperf3 usr/bin/curl; do
  [ -e "$root/$program" ] || fail "this system has no $program"
done
# Found by their names, whatever the version is.
for program in initdb postgres pg_ctl; do
  ln -s "$(cd "$root" && echo /usr/lib/postgresql/*/bin/$program)" "$root/usr/local/bin/$program"
done
rm -rf "$root/archives" "$root"/usr/share/doc/* "$root"/usr/share/man/* "$root"/usr/share/locale/* \
  "$root"/var/log/*.log "$root"/var/cache/debconf/*-old "$root"/var/lib/dpkg/*-old

tar --create --file "$partial" --directory "$root" --sort=name --xattrs --numeric-owner .
mv "$partial" "$out"
