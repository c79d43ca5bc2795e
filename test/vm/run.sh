#!/bin/bash
# Boots Debian's cloud kernel in a virtual machine that has cgroup v2 alone, and runs test/vm/smoke.sh in
# it: the engine on another kernel, with another layout of control groups than this machine may have.
#
#   test/vm/run.sh             the smoke test; ends in "N passed, N failed"
#   test/vm/run.sh --shell     a shell in the machine instead; leave it by `exit`
#   test/vm/run.sh --power N   N power cuts in the middle of pulls, loads, commits and runs; POWER_SEED repeats them, and
#                              with POWER_WITHOUT_SYNC=1 the engine waits for no disk: then they must fail
#
# Everything made is kept under build/vm: the second run takes seconds. Needs no root but to install
# qemu. The processor is emulated: slower, but it works wherever this runs (ACCEL=kvm is for those who
# know that theirs does).
set -euo pipefail
cd "$(dirname "$0")/../.."
here=test/vm
out=build/vm
time_limit_s=${TIME_LIMIT_S:-240}
mode=${1:---test}

say() { echo "vm: $*"; }

need_package() { # COMMAND PACKAGE
  PATH="$PATH:/sbin:/usr/sbin" command -v "$1" >/dev/null && return
  say "apt-get install $2"
  apt-get install -qq -y --no-install-recommends "$2" >/dev/null 2>&1 ||
    { apt-get update -qq && apt-get install -qq -y --no-install-recommends "$2" >/dev/null; }
}

# The kernel's package, taken apart but not installed.
fetch_kernel() {
  [ -e "$out/vmlinuz" ] && return
  local package
  package=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends:.*linux-image-[0-9]/ { print $2; exit }')
  [ -n "$package" ] || { say 'no package linux-image-cloud-amd64 here: this test needs Debian on x86-64'; exit 1; }
  say "kernel ${package#linux-image-}"
  mkdir -p "$out/kernel"
  (cd "$out/kernel" && apt-get download -qq -o APT::Sandbox::User=root "$package" && dpkg-deb -x ./*.deb . && rm ./*.deb)
  local version
  version=$(basename "$out"/kernel/lib/modules/*)
  PATH="$PATH:/sbin" depmod -b "$out/kernel" "$version"
  cp "$out/kernel/boot/vmlinuz-$version" "$out/vmlinuz"
}

# Copies programs with the libraries they are linked to, at the same paths.
copy_with_libraries() { # ROOT FILE...
  local root=$1 file
  shift
  for file; do
    { echo "$file"; ldd "$file" 2>/dev/null | grep -o '/[^ ]*' || true; } |
      while read -r path; do
        mkdir -p "$root$(dirname "$path")"
        cp -L "$path" "$root$path"
      done
  done
}

library() { PATH="$PATH:/sbin" ldconfig -p | awk -v name="$1" '$1 == name { print $NF; exit }'; }

# An image of busybox beneath 126 layers: before Linux 6.5 their names do not fit on the page of mount options.
build_tall_image() { # OUT.tar
  local scratch=$out/tall i digest diff_ids='' layers=''
  rm -rf "$scratch"
  mkdir -p "$scratch"
  cp build/busybox.tar "$scratch/0.tar"
  for i in $(seq 126); do
    echo "$i" >"$scratch/top"
    tar -C "$scratch" -cf "$scratch/$i.tar" --owner=0 --group=0 --numeric-owner top
  done
  for i in $(seq 0 126); do
    digest=$(sha256sum <"$scratch/$i.tar")
    diff_ids+=",\"sha256:${digest%% *}\""
    layers+=",\"$i.tar\""
  done
  echo "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[${diff_ids#,}]}}" \
    >"$scratch/config.json"
  echo "[{\"Config\":\"config.json\",\"RepoTags\":[\"tall:1\"],\"Layers\":[${layers#,}]}]" >"$scratch/manifest.json"
  tar -C "$scratch" -cf "$1" --exclude=./top .
}

bundle() { # FILE.ts FILE.mjs
  node_modules/.bin/esbuild "$1" --bundle --platform=node --format=esm --external:undici --log-level=warning \
    --outfile="$2" --banner:js="import { createRequire as require_ } from 'node:module'; const require = require_(import.meta.url);"
}

# For the cuts of power: a registry in the machine, and what it has.
add_power_test() { # ROOT
  local registry
  registry=$(PATH="$PATH:$PWD/build/tools/usr/bin" command -v docker-registry) ||
    { say 'no docker-registry here: sh tools/setup-tests.sh'; exit 1; }
  mkdir -p "$1/petri/power"
  bundle "$here/power/images.ts" build/vm/images.mjs
  node build/vm/images.mjs "$1/petri/power"
  copy_with_libraries "$1" "$registry"
  ln -sf "$registry" "$1/bin/docker-registry"
  cp -R node_modules/undici "$1/petri/node_modules/"
  cp "$here/power/registry.yml" "$1/petri/power/"
  bundle "$here/power/guest/main.ts" "$1/petri/power/guest.mjs"
  if [ -n "${POWER_WITHOUT_SYNC:-}" ]; then
    sed -i -E 's/calls\.syncfs\.async\(fd,/((_, done) => done(null, 0))(fd,/; s/await this\.file\.sync\(\)|await (file|folder)[0-9]*\.sync\(\)//
      s/promisify[0-9]*\(fsync\)/(async () => undefined)/' "$1/petri/dist/supervisor.mjs"
    if cmp -s dist/supervisor.mjs "$1/petri/dist/supervisor.mjs"; then
      say 'POWER_WITHOUT_SYNC found nothing to take out'
      exit 1
    fi
  fi
}

# The disk: Node, the built Petri, busybox for everything else.
build_disk() {
  local root=$out/root
  rm -rf "$root"
  mkdir -p "$root"/{bin,sbin,proc,sys,dev,run,tmp,etc,var/lib,lib/modules,petri/build,petri/node_modules}
  cp /bin/busybox "$root/bin/busybox"
  ln -s busybox "$root/bin/sh"
  ln -s ../bin/busybox "$root/sbin/modprobe" # where the kernel looks for it when it wants a module
  copy_with_libraries "$root" "$(readlink -f "$(command -v node)")" \
    "$(library libnftables.so.1)" "$(library libseccomp.so.2)"
  ln -sf "$(readlink -f "$(command -v node)")" "$root/bin/node"
  cp -R "$out"/kernel/lib/modules/* "$root/lib/modules/"
  cp -R bin dist package.json "$root/petri/"
  cp build/petri-shim build/petri-init build/busybox.tar "$root/petri/build/"
  build_tall_image "$root/petri/build/tall.tar"
  cp -R node_modules/koffi node_modules/@koromix "$root/petri/node_modules/"
  cp "$here/guest-init.sh" "$root/sbin/init"
  cp "$here/smoke.sh" "$root/petri/smoke.sh"
  chmod 755 "$root/sbin/init" "$root/petri/smoke.sh"
  [ "$mode" != --power ] || add_power_test "$root"
  : >"$root/etc/resolv.conf"
  echo 'root:x:0:0:root:/:/bin/sh' >"$root/etc/passwd"
  echo 'root:x:0:' >"$root/etc/group"
  rm -f "$out/disk.img"
  PATH="$PATH:/sbin" mke2fs -q -t ext4 -E root_owner=0:0 -d "$root" "$out/disk.img" 1G
}

# Just enough to find the disk: it is a module on Debian's kernel.
build_initramfs() {
  local root=$out/initramfs version module
  version=$(basename "$out"/kernel/lib/modules/*)
  rm -rf "$root"
  mkdir -p "$root"/{bin,dev,proc,disk,modules}
  cp /bin/busybox "$root/bin/busybox"
  PATH="$PATH:/sbin" modprobe -d "$out/kernel" -S "$version" --show-depends -a virtio_pci virtio_blk ext4 |
    awk '$1 == "insmod" { print $2 }' | while read -r module; do
    cp "$module" "$root/modules/"
    echo "/bin/busybox insmod /modules/$(basename "$module")" >>"$root/modules/load"
  done
  cp "$here/initramfs-init.sh" "$root/init"
  chmod 755 "$root/init"
  (cd "$root" && find . | cpio --quiet -o -H newc) >"$out/initramfs.cpio"
}

qemu=(
  qemu-system-x86_64 -machine "accel=${ACCEL:-tcg}" -cpu max -smp 2 -m 1024 -no-reboot -nographic -nodefaults
  -serial mon:stdio -kernel "$out/vmlinuz" -initrd "$out/initramfs.cpio"
  -drive "file=$out/disk.img,format=raw,if=virtio,snapshot=on"
)

boot() { # test|shell
  timeout --foreground "$time_limit_s" "${qemu[@]}" -append "console=ttyS0 quiet panic=-1 petri.$1"
}

cut_power() { # ROUNDS
  bundle "$here/power/main.ts" build/vm/power.mjs
  rm -f "$out/data.img"
  PATH="$PATH:/sbin" mke2fs -q -t ext4 "$out/data.img" 256M
  node build/vm/power.mjs "$1" "${POWER_SEED:-$RANDOM}" "$out/data.img" "${qemu[@]}"
}

need_package qemu-system-x86_64 qemu-system-x86
need_package depmod kmod
need_package mke2fs e2fsprogs
need_package cpio cpio
fetch_kernel
build_initramfs
build_disk

if [ "$mode" = --shell ]; then
  time_limit_s=0 boot shell
  exit
fi

if [ "$mode" = --power ]; then
  cut_power "${2:-100}"
  exit
fi

say "booting, for $time_limit_s s at most"
boot test </dev/null 2>&1 | tr -d '\r' | tee "$out/console.log" || true
line=$(grep -aE '^[0-9]+ passed, [0-9]+ failed$' "$out/console.log" | tail -n 1)
[ -n "$line" ] || { say 'the machine ended without a result (build/vm/console.log)'; line='0 passed, 1 failed'; }
echo "$line"
[[ $line == *' 0 failed' ]] && [[ $line != 0\ * ]]
