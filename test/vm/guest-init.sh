#!/bin/sh
# Pid 1 of the virtual machine: the mounts of a modern distribution (cgroup v2 alone), the modules an
# engine needs, then the smoke test or a shell, then off.
/bin/busybox --install -s /bin
export PATH=/petri/bin:/bin:/sbin HOME=/ TERM=linux
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t tmpfs run /run
mount -t cgroup2 cgroup2 /sys/fs/cgroup
for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
  echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control
done
for module in overlay veth bridge br_netfilter nf_tables nf_nat nft_chain_nat nft_masq nft_ct; do
  modprobe "$module" || echo "guest: no module $module"
done
ip link set lo up
hostname vm

if grep -q petri.shell /proc/cmdline; then
  setsid cttyhack sh
elif grep -q petri.power /proc/cmdline; then
  mkdir -p /var/lib/petri
  mount -t ext4 /dev/vdb /var/lib/petri || echo 'power: wrong: the disk cannot be mounted'
  cp -R /petri/power/registry /run/registry
  node /petri/power/guest.mjs || echo 'power: wrong: the guest has ended'
else
  /petri/smoke.sh
fi
sync
poweroff -f
