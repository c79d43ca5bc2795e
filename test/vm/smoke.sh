#!/bin/sh
# Runs inside the virtual machine (test/vm/run.sh), by its pid 1. The last line is "N passed, N failed".
cd /petri || exit 1
passed=0
failed=0

# check NAME EXPECTED COMMAND... : the command's output, stderr too, must match the pattern of case(1).
check() {
  name=$1
  expected=$2
  shift 2
  output=$("$@" 2>&1)
  status=$?
  case "$output" in
  $expected)
    passed=$((passed + 1))
    echo "ok      $name"
    ;;
  *)
    failed=$((failed + 1))
    echo "FAILED  $name: wanted $expected, got (status $status): $output"
    ;;
  esac
}

run() { petri run --rm "$@"; }
group() { echo /sys/fs/cgroup/petri/"$(petri inspect --format '{{.Id}}' "$1")"; }
read_group() { cat "$(group "$1")/$2"; }

# until_true COMMAND...: waits for a state, ten seconds at most.
until_true() {
  tries=0
  until "$@" >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || return 1
    usleep 100000
  done
}

echo "kernel $(uname -r), node $(node --version), $(grep -c cgroup2 /proc/mounts) cgroup mount"
check 'node loads the native part' 'ok' node -e '
  const koffi = require("koffi"); koffi.load("libc.so.6"); koffi.load("libnftables.so.1"); console.log("ok")'
check 'the supervisor starts' '*Version*' petri version
if [ $failed -gt 0 ]; then # nothing else can work: say so now, and not twenty times
  echo "$passed passed, $failed failed"
  exit
fi
check 'an image is imported' 'sha256:*' petri import -c 'CMD ["sh"]' build/busybox.tar busybox:latest
check 'a container runs' 'hi' run busybox echo hi
check 'its exit code is its own' '3' sh -c 'petri run --rm busybox sh -c "exit 3"; echo $?'
check 'it is pid 1' '1' run busybox sh -c 'echo $$'
check 'another user can work in it' 'localhost' run --user 1000 busybox sh -c \
  'ls / >/dev/null && awk "/127.0.0.1/ { print \$2 }" /etc/hosts'
check 'it has an address on the bridge' '*inet 172.*' run busybox ip -4 addr show eth0
check 'it reaches the gateway' '*1 packets received*' run busybox sh -c \
  'ping -c 1 -W 5 $(ip route | awk "/default/ { print \$3 }")'

check 'an image of 127 layers is loaded' 'Loaded image: tall:1' petri load -i build/tall.tar
check 'and shows the topmost of each file' '126' run tall:1 cat /top
petri run --name tall tall:1 sh -c 'echo new >/top'
check 'its files are read from outside' 'new' sh -c 'petri cp tall:/top - | tar -xO'
check 'and its changes are known' 'C /top' petri diff tall
petri rm tall >/dev/null

petri run -d --name limited -m 64m --pids-limit 20 --cpus 0.5 busybox sleep 1000 >/dev/null
check 'memory.max' 67108864 read_group limited memory.max
check 'pids.max' 20 read_group limited pids.max
check 'cpu.max' '50000 100000' read_group limited cpu.max
check 'its process is in the group' '[0-9]*' read_group limited cgroup.procs
check 'it sees its own group as the root' '0::/' run busybox cat /proc/self/cgroup
check 'and its limit' 67108864 run -m 64m busybox cat /sys/fs/cgroup/memory.max
check 'the limit of processes holds' '*Resource temporarily unavailable*' run --pids-limit 5 busybox sh -c \
  'for i in 1 2 3 4 5 6 7 8 9; do sleep 1 & done; wait'
check 'the limit of memory holds' '137' sh -c \
  'petri run --rm -m 32m busybox sh -c "exec tail /dev/zero" >/dev/null 2>&1; echo $?'

petri run -d --name below --cgroup-parent /build/ci -m 64m --device-read-bps /dev/vda:1mb \
  --device-write-iops /dev/vda:40 busybox sleep 1000 >/dev/null
below=/sys/fs/cgroup/build/ci/$(petri inspect --format '{{.Id}}' below)
check 'a parent group that was missing is made, and hands down its controllers' 67108864 cat "$below/memory.max"
check 'io.max' '* rbps=1048576 wbps=max riops=max wiops=40' cat "$below/io.max"
check 'an exec goes there too' hi petri exec below echo hi
check 'and how it gets there is told' '*CLONE_INTO_CGROUP*' petri exec --explain below true
petri rm -f below >/dev/null
check 'and it goes with the last container in it' gone sh -c 'test -e /sys/fs/cgroup/build || echo gone'
check 'what this kernel cannot keep is discarded with a warning' '*OomKillDisable discarded*swappiness discarded*' \
  petri run --rm --oom-kill-disable --memory-swappiness 7 busybox true

check 'stats knows its limit' '*/ 64MiB*' petri stats --no-stream --format '{{.MemUsage}}' limited
check 'top shows its process' '*sleep 1000*' petri top limited

check 'a folder of the host is mounted, read-only' '*Read-only*' run -v /tmp:/data:ro busybox touch /data/x
check 'a tmpfs has its size' '*size=1024k*' run --tmpfs /t:size=1m busybox grep ' /t ' /proc/mounts
check 'an init is process 1' docker-init run --init busybox cat /proc/1/comm
check 'a device that was asked for opens' ok run --cap-add SYSLOG --device /dev/kmsg busybox sh -c ': </dev/kmsg && echo ok'
check 'privileged opens any' ok run --privileged busybox sh -c 'mknod /k c 1 11 && : </k && echo ok'
check 'nothing outlives a container in the pid namespace of the host' 0 sh -c \
  'petri run --rm --pid host busybox sh -c "setsid sleep 4321 & sleep 0.1"; ps -o args | grep -c "^sleep 4321"; true'

check 'a harmless device opens' 'ok' run busybox sh -c 'head -c 1 /dev/zero >/dev/null && echo ok'
disk=$(tr : ' ' </sys/block/vda/dev)
open_disk="mknod /d b $disk && head -c 1 /d | wc -c"
check 'the disk does not' '*Operation not permitted*' run busybox sh -c "$open_disk"
check 'though it does outside' 1 sh -c "$open_disk"
check "nor does the kernel's log" '*Operation not permitted*' run busybox sh -c 'mknod /k c 1 11 && head -c 1 /k'

kill -9 "$(cat /run/petri/petri.pid)"
until_true sh -c '! kill -0 $(cat /run/petri/petri.pid)'
check 'a container outlives the supervisor' '*limited*' petri ps --format '{{.Names}}'
check 'and what happened before is told' '*die*' sh -c 'petri events --since 1h --until 0s --filter event=die | tail -n 1'
check 'and can be removed' 'limited' petri rm -f limited

check 'no control group is left' '' find /sys/fs/cgroup/petri -mindepth 1 -type d
check 'no cable is left' '' sh -c 'ls /sys/class/net | grep veth'
check 'no mount is left' '' grep -E ' /var/lib/petri.* overlay' /proc/mounts
check 'no shim is left' '' pidof petri-shim
echo "$passed passed, $failed failed"
