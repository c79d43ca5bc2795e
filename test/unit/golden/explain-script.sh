#!/bin/bash
# 20 steps, as a shell would do them.
set -eu
CONTAINER=by-hand
export CONTAINER NETNS=

# == cgroup: control groups: what the container uses is counted, limited, and can be frozen or killed
# 1. a control group of its own, by which the kernel counts and limits what the container uses; cgroups(7)
mkdir /sys/fs/cgroup/petri/4f1d0c9be2a70000000000000000000000000000000000000000000000000000
# 2. more memory than this it cannot have; cgroups(7)
echo 67108864 > /sys/fs/cgroup/petri/4f1d0c9be2a70000000000000000000000000000000000000000000000000000/memory.max

# == network: a network stack with one virtual cable to the engine's bridge
# 3. a network stack with nothing in it but a loopback that is down; network_namespaces(7)
ip netns add c
# 4. a virtual cable: one end on the bridge, the other inside; veth(4)
ip link add veth4f1d0c9 master petri0 type veth peer name eth0 netns c
# 5. its address; rtnetlink(7)
ip -n c addr add 172.28.0.2/16 dev eth0

# == stdio: what the program will read from and write to, held by the shim
# 6. the shim reads what the program prints, logs it and hands it on; pipe2(2)
mkfifo stdout

# == namespaces: the container begins: a process with its own view of the machine
# 7. the moment the container begins: a child that sees its own mounts, processes and names; clone(2)
unshare --mount --pid --ipc --uts --fork bash /dev/fd/9 9<<'CONTAINER'
set -eu
# 8. enter the network namespace the supervisor prepared; setns(2)
nsenter --net="$NETNS"
# 9. its name, seen only inside; sethostname(2)
hostname 'c\x1b]0;owned\x07'

# == rootfs: the image's layers and a writable one become /, and the host's files are out of reach
# 10. overlay shows several folders as one: the layers of the image, and one to write in; fsopen(2)
# the root: mount -t overlay
# 11. on top, true folders for /dev, /proc and /sys: links of those names in an image do not count; fsconfig(2)
# -o lowerdir+=/var/lib/petri/layers/init/diff
# 12. what the container writes lands here; the layers stay as they are; fsconfig(2)
# -o upperdir=/var/lib/petri/containers/4f1d0c9be2a70000000000000000000000000000000000000000000000000000/upper
# 13. the new root becomes /, the host's lies hidden on top of it; pivot_root(2)
pivot_root . .

# == mounts: the filesystems every program expects, made new for this container
# 14. /proc must be a true folder: a link that an image put there is refused; openat2(2)
[ -d /proc ] && [ ! -L /proc ]
# 15. processes of this pid namespace, and no others; mount(2)
mount -t proc -o nosuid,nodev,noexec proc /proc

# == devices: the few devices that are harmless
# 16. swallows what is written, reads as empty; mknod(2)
mknod -m 666 /dev/null c 1 3

# == identity: user, groups, capabilities and limits of the program
# 17. exactly these groups: those of the engine are gone; setgroups(2)
# --groups 0,10
# 18. root, but with few capabilities; setresuid(2)
# setpriv --reuid 0
# 19. and nothing is inheritable: a program file cannot bring more; capset(2)
capsh --caps='cap_chown,cap_kill=ep'

# == program: nothing of the engine is left in the process: it becomes the user's program
# 20. the container's first process becomes the user's program; execve(2)
exec env -i PATH=/bin TOKEN=secret sh -c 'echo "hello"
exit 3'
CONTAINER
