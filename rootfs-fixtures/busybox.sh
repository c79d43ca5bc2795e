#!/bin/sh
# Builds a root filesystem with busybox as its only program, from Debian's or Ubuntu's busybox-static, as
# an archive for `petri import`. The same package gives the same bytes. Needs no root.
# Does nothing if OUT is there and newer than this script and the program.
# Usage: rootfs-fixtures/busybox.sh OUT.tar
set -eu
export LC_ALL=C
umask 022

fail() {
  echo "busybox.sh: $*" >&2
  exit 1
}

[ $# -eq 1 ] || fail 'usage: busybox.sh OUT.tar'
out=$1

is_static() {
  [ -x "$1" ] && ! ldd "$1" >/dev/null 2>&1
}

installed=''
for candidate in /bin/busybox /usr/bin/busybox; do
  if is_static "$candidate"; then
    installed=$candidate
    break
  fi
done

is_newer() {
  [ -n "$(find "$out" -newer "$1" 2>/dev/null)" ]
}
if [ -s "$out" ] && is_newer "$0" && { [ -z "$installed" ] || is_newer "$installed"; }; then
  exit 0
fi

scratch=$(mktemp -d)
# The second name is the archive before it is renamed into place.
partial=$out.$$
trap 'rm -rf "$scratch" "$partial"' EXIT
trap 'exit 1' INT TERM HUP

# The program: the installed one, else out of the package, which is not installed for it.
busybox=$installed
if [ -z "$busybox" ]; then
  command -v apt-get >/dev/null 2>&1 || fail 'no static busybox here; install busybox-static'
  mkdir "$scratch/package"
  (cd "$scratch/package" && apt-get download -qq busybox-static >log 2>&1) || {
    cat "$scratch/package/log" >&2
    fail 'cannot download busybox-static; run apt-get update, or install it'
  }
  dpkg-deb -x "$scratch"/package/*.deb "$scratch/package/files"
  busybox=$(find "$scratch/package/files" -type f -path "*/bin/busybox")
  is_static "$busybox" || fail 'the busybox of the package is not static'
fi

root=$scratch/rootfs
mkdir -p "$root/bin" "$root/dev" "$root/etc" "$root/home" "$root/proc" "$root/root" "$root/sys" \
  "$root/tmp" "$root/usr/bin" "$root/usr/sbin" "$root/var/spool/mail" "$root/var/www"
chmod 700 "$root/root"
chmod 1777 "$root/tmp"

cp "$busybox" "$root/bin/busybox"
chmod 755 "$root/bin/busybox"
"$busybox" --list | while read -r applet; do
  [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
done
for applet in sh true echo ls ps cat sleep id env wget nslookup ip; do
  [ -e "$root/bin/$applet" ] || fail "this busybox has no $applet"
done
# Scripts begin with #!/usr/bin/env.
ln -s ../../bin/env "$root/usr/bin/env"

cat >"$root/etc/passwd" <<'END'
root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
bin:x:2:2:bin:/bin:/bin/false
sys:x:3:3:sys:/dev:/bin/false
sync:x:4:100:sync:/bin:/bin/sync
mail:x:8:8:mail:/var/spool/mail:/bin/false
www-data:x:33:33:www-data:/var/www:/bin/false
operator:x:37:37:Operator:/var:/bin/false
nobody:x:65534:65534:nobody:/home:/bin/false
END
cat >"$root/etc/group" <<'END'
root:x:0:
daemon:x:1:
bin:x:2:
sys:x:3:
adm:x:4:
tty:x:5:
disk:x:6:
mail:x:8:
wheel:x:10:root
www-data:x:33:
operator:x:37:
users:x:100:
nogroup:x:65534:
END
# Without it glibc asks name servers before it looks into /etc/hosts.
cat >"$root/etc/nsswitch.conf" <<'END'
passwd: files
group: files
hosts: files dns
END

# 2024-01-01, so that the same package gives the same bytes.
tar --create --file "$partial" --directory "$root" --format=ustar --sort=name --mtime=@1704067200 \
  --owner=0 --group=0 --numeric-owner .
mv "$partial" "$out"
