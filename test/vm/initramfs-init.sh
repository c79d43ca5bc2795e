#!/bin/busybox sh
# Pid 1 until the disk is there: loads what the disk needs, then hands over to its /sbin/init.
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox sh /modules/load 2>/dev/null # a module may be there through another's needs
tries=0
until [ -b /dev/vda ] || [ $tries -ge 100 ]; do
  tries=$((tries + 1))
  /bin/busybox usleep 50000
done
/bin/busybox mount -t ext4 /dev/vda /disk || /bin/busybox poweroff -f
exec /bin/busybox switch_root /disk /sbin/init
