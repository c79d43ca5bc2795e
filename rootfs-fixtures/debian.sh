#!/bin/sh
# Builds a root filesystem of Debian's smallest system that has apt, by debootstrap from the archive this machine
# itself uses, for `petri import`. Needs root, half a minute, and the archive.
# Does nothing if OUT is there and newer than this script.
# Usage: rootfs-fixtures/debian.sh OUT.tar
set -eu
export LC_ALL=C
umask 022

fail() {
  echo "debian.sh: $*" >&2
  exit 1
}

[ $# -eq 1 ] || fail 'usage: debian.sh OUT.tar'
out=$1
[ -s "$out" ] && [ -n "$(find "$out" -newer "$0")" ] && exit 0

# 2024-01-01, so that the same packages give the same dates.
date=1704067200
export SOURCE_DATE_EPOCH=$date
scratch=$(mktemp -d)
# The second name is the archive before it is renamed into place.
partial=$out.$$
trap 'rm -rf "$scratch" "$partial"' EXIT
trap 'exit 1' INT TERM HUP

# Where this machine gets its own packages: debootstrap knows who signs for a suite.
source=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' 'Component: main' |
  grep -v -e -security -e -updates -e -backports | head -n 1)
[ -n "$source" ] || fail "apt knows no archive; see /etc/apt and run apt-get update"
suite=${source%% *}
mirror=${source#* }

# The tool: the installed one, else out of its package, which is not installed for it.
if command -v debootstrap >/dev/null 2>&1; then
  debootstrap=debootstrap
else
  (cd "$scratch" && apt-get download -qq -o APT::Sandbox::User=root debootstrap >log 2>&1) || {
    cat "$scratch/log" >&2
    fail 'cannot download debootstrap; run apt-get update, or install it'
  }
  dpkg-deb -x "$scratch"/debootstrap*.deb "$scratch/tool"
  export DEBOOTSTRAP_DIR="$scratch/tool/usr/share/debootstrap"
  debootstrap=$scratch/tool/usr/sbin/debootstrap
fi

root=$scratch/rootfs
# Namespaces of its own: what the packages' scripts mount and start ends with them.
unshare --mount --pid --fork "$debootstrap" --variant=minbase "$suite" "$root" "$mirror" \
  >"$scratch/log" 2>&1 || {
  tail -n 20 "$scratch/log" "$root/debootstrap/debootstrap.log" >&2 || true
  fail 'debootstrap failed'
}
for program in bin/bash bin/sh usr/bin/apt-get usr/bin/dpkg usr/bin/perl; do
  [ -e "$root/$program" ] || fail "this system has no $program"
done

# What differs from run to run, and what each machine has to make for itself.
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* "$root"/var/cache/debconf/*-old "$root"/var/log/* \
  "$root"/var/cache/ldconfig/* "$root"/var/lib/dpkg/*-old "$root"/etc/*- "$root"/debootstrap
rm -rf "$root"/dev "$root"/proc "$root"/sys
mkdir -m 755 "$root/dev" "$root/proc" "$root/sys"
: >"$root/etc/machine-id"
echo debian >"$root/etc/hostname"
rm -f "$root/etc/resolv.conf"
# As in docker's own image: packages start no services, and keep no copies of themselves.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
echo 'Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache ""; APT::Keep-Downloaded-Packages "false";' \
  >"$root/etc/apt/apt.conf.d/docker-clean"

tar --create --file "$partial" --directory "$root" --format=posix --sort=name --mtime="@$date" --clamp-mtime \
  --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime --xattrs --numeric-owner .
mv "$partial" "$out"
