/*
 * The floor: the least a container costs on this machine. One process does, with the plain system calls
 * and nothing around them, what an engine must do: overlay, network namespace with a veth on a bridge,
 * control groups, namespaces, mounts, /bin/true, and taking all of it away.
 *
 *     floor LOWER_DIR WORK_DIR BRIDGE GATEWAY CGROUP_DIR...
 *
 * For each line on stdin it does one round and prints its milliseconds, so that a caller can take turns
 * between it and an engine. The program ends with the input. A call that fails ends it with a message.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATH_BYTES = 1024, PREFIX_LENGTH = 16, MAX_GROUPS = 32 };

/* The rest of a netlink message is its attributes, at the message's own length. */
struct message {
  struct nlmsghdr header;
  char body[1024];
};

struct round {
  int number;
  char dir[512];
  char groups[MAX_GROUPS][PATH_BYTES];
  int group_count;
  int network;
};

static int home, host_netlink;
static unsigned bridge;
static const char *gateway;

static long must(long result, const char *what) {
  if (result >= 0) return result;
  fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
  exit(1);
}

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void write_file(const char *path, const char *text) {
  int fd = (int)must(open(path, O_WRONLY | O_CLOEXEC), path);
  must(write(fd, text, strlen(text)), path);
  close(fd);
}

/* -- rtnetlink(7) -- */

static void *begin(struct message *m, int type, int flags, size_t payload) {
  memset(m, 0, sizeof *m);
  m->header.nlmsg_len = (uint32_t)NLMSG_LENGTH(payload);
  m->header.nlmsg_type = (uint16_t)type;
  m->header.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
  return NLMSG_DATA(&m->header);
}

static struct rtattr *attribute(struct message *m, int type, const void *data, size_t length) {
  struct rtattr *a = (struct rtattr *)((char *)m + NLMSG_ALIGN(m->header.nlmsg_len));
  a->rta_type = (unsigned short)type;
  a->rta_len = (unsigned short)RTA_LENGTH(length);
  if (length) memcpy(RTA_DATA(a), data, length);
  m->header.nlmsg_len = (uint32_t)(NLMSG_ALIGN(m->header.nlmsg_len) + RTA_ALIGN(a->rta_len));
  return a;
}

static void end_nested(struct message *m, struct rtattr *a) {
  a->rta_len = (unsigned short)((char *)m + m->header.nlmsg_len - (char *)a);
}

static void send_message(int fd, struct message *m, const char *what) {
  char answer[4096];
  must(send(fd, m, m->header.nlmsg_len, 0), what);
  must(recv(fd, answer, sizeof answer, 0), what);
  struct nlmsghdr *header = (struct nlmsghdr *)answer;
  struct nlmsgerr *error = NLMSG_DATA(header);
  if (header->nlmsg_type != NLMSG_ERROR || !error->error) return;
  errno = -error->error;
  must(-1, what);
}

static void link_up(int fd, unsigned index) {
  struct message m;
  struct ifinfomsg *info = begin(&m, RTM_NEWLINK, 0, sizeof *info);
  info->ifi_index = (int)index;
  info->ifi_flags = info->ifi_change = IFF_UP;
  send_message(fd, &m, "link up");
}

/* netdevice(7): asks in the namespace the socket was made in. */
static unsigned index_of(int fd, const char *name) {
  struct ifreq request = {0};
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  must(ioctl(fd, SIOCGIFINDEX, &request), name);
  return (unsigned)request.ifr_ifindex;
}

static void add_veth(const char *name, int peer_namespace) {
  struct message m;
  struct ifinfomsg *info = begin(&m, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof *info);
  info->ifi_flags = info->ifi_change = IFF_UP;
  attribute(&m, IFLA_IFNAME, name, strlen(name) + 1);
  attribute(&m, IFLA_MASTER, &bridge, sizeof bridge);
  struct rtattr *link_info = attribute(&m, IFLA_LINKINFO, NULL, 0);
  attribute(&m, IFLA_INFO_KIND, "veth", 4);
  struct rtattr *data = attribute(&m, IFLA_INFO_DATA, NULL, 0);
  struct ifinfomsg peer_info = {0};
  struct rtattr *peer = attribute(&m, VETH_INFO_PEER, &peer_info, sizeof peer_info);
  attribute(&m, IFLA_IFNAME, "eth0", 5);
  attribute(&m, IFLA_NET_NS_FD, &peer_namespace, sizeof peer_namespace);
  end_nested(&m, peer);
  end_nested(&m, data);
  end_nested(&m, link_info);
  send_message(host_netlink, &m, "add veth");
}

static void add_address(int fd, unsigned index, in_addr_t address) {
  struct message m;
  struct ifaddrmsg *info = begin(&m, RTM_NEWADDR, NLM_F_CREATE, sizeof *info);
  info->ifa_family = AF_INET;
  info->ifa_prefixlen = PREFIX_LENGTH;
  info->ifa_index = index;
  attribute(&m, IFA_LOCAL, &address, sizeof address);
  attribute(&m, IFA_ADDRESS, &address, sizeof address);
  send_message(fd, &m, "add address");
}

static void add_default_route(int fd) {
  struct message m;
  struct rtmsg *route = begin(&m, RTM_NEWROUTE, NLM_F_CREATE, sizeof *route);
  route->rtm_family = AF_INET;
  route->rtm_table = RT_TABLE_MAIN;
  route->rtm_protocol = RTPROT_BOOT;
  route->rtm_scope = RT_SCOPE_UNIVERSE;
  route->rtm_type = RTN_UNICAST;
  in_addr_t address = inet_addr(gateway);
  attribute(&m, RTA_GATEWAY, &address, sizeof address);
  send_message(fd, &m, "add route");
}

/* -- one round -- */

static void mount_overlay(struct round *r, const char *lower) {
  char path[PATH_BYTES], options[4 * PATH_BYTES];
  must(mkdir(r->dir, 0700), r->dir);
  for (const char *const *name = (const char *const[]){"upper", "work", "root", NULL}; *name; name++) {
    snprintf(path, sizeof path, "%s/%s", r->dir, *name);
    must(mkdir(path, 0755), path);
  }
  snprintf(options, sizeof options, "lowerdir=%s,upperdir=%s/upper,workdir=%s/work", lower, r->dir, r->dir);
  must(mount("overlay", path, "overlay", 0, options), "overlay");
}

static void make_network(struct round *r) {
  char name[IFNAMSIZ];
  must(unshare(CLONE_NEWNET), "unshare");
  r->network = (int)must(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), "ns/net");
  int inside = (int)must(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), "socket");
  link_up(inside, 1);
  must(setns(home, CLONE_NEWNET), "setns");
  snprintf(name, sizeof name, "vfloor%d", r->number % 10000);
  add_veth(name, r->network);
  unsigned index = index_of(inside, "eth0");
  in_addr_t address = htonl(ntohl(inet_addr(gateway)) + 1 + (unsigned)(r->number % 60000));
  link_up(inside, index);
  add_address(inside, index, address);
  add_default_route(inside);
  close(inside);
}

static void make_groups(struct round *r) {
  for (int i = 0; i < r->group_count; i++) must(mkdir(r->groups[i], 0755), r->groups[i]);
}

static void join_groups(const struct round *r, long pid) {
  char path[PATH_BYTES + 16], text[24];
  snprintf(text, sizeof text, "%ld", pid);
  for (int i = 0; i < r->group_count; i++) {
    snprintf(path, sizeof path, "%s/cgroup.procs", r->groups[i]);
    write_file(path, text);
  }
}

static void make_devices(void) {
  static const struct { const char *path; unsigned major, minor; } nodes[] = {
    {"dev/null", 1, 3}, {"dev/zero", 1, 5}, {"dev/full", 1, 7},
    {"dev/random", 1, 8}, {"dev/urandom", 1, 9}, {"dev/tty", 5, 0},
  };
  for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++)
    must(mknod(nodes[i].path, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)), nodes[i].path);
}

static void mount_all(const char *root) {
  const unsigned long quiet = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
  must(mount(root, root, NULL, MS_BIND | MS_REC, NULL), "bind");
  must(chdir(root), root);
  mkdir("proc", 0755), mkdir("dev", 0755), mkdir("sys", 0755);
  must(mount("proc", "proc", "proc", quiet, NULL), "proc");
  must(mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k"), "dev");
  mkdir("dev/pts", 0755), mkdir("dev/shm", 01777), mkdir("dev/mqueue", 0755);
  must(mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620"), "pts");
  must(mount("shm", "dev/shm", "tmpfs", quiet, "mode=1777,size=65536k"), "shm");
  must(mount("mqueue", "dev/mqueue", "mqueue", quiet, NULL), "mqueue");
  must(mount("sysfs", "sys", "sysfs", quiet | MS_RDONLY, NULL), "sysfs");
}

/* The container's side, from its first instruction to its program. */
static void become_container(const struct round *r, int go) {
  char byte, root[PATH_BYTES];
  must(read(go, &byte, 1), "go");
  must(setns(r->network, CLONE_NEWNET), "setns");
  must(unshare(CLONE_NEWCGROUP), "unshare");
  must(sethostname("floor", 5), "sethostname");
  snprintf(root, sizeof root, "%s/root", r->dir);
  mount_all(root);
  make_devices();
  must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
  must(umount2(".", MNT_DETACH), "umount2");
  must(chdir("/"), "/");
  execve("/bin/true", (char *[]){"true", NULL}, (char *[]){"PATH=/bin", NULL});
  must(-1, "execve");
}

static void run_container(const struct round *r) {
  int go[2], pidfd, status;
  must(pipe2(go, O_CLOEXEC), "pipe2");
  struct clone_args args = {
    .flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_PIDFD,
    .pidfd = (uint64_t)(uintptr_t)&pidfd,
    .exit_signal = SIGCHLD,
  };
  long pid = must(syscall(SYS_clone3, &args, sizeof args), "clone3");
  if (pid == 0) become_container(r, go[0]);
  join_groups(r, pid);
  must(write(go[1], "x", 1), "go");
  must(waitpid((pid_t)pid, &status, 0), "waitpid");
  if (status) fprintf(stderr, "floor: the container ended with status %d\n", status), exit(1);
  close(go[0]), close(go[1]), close(pidfd), close(r->network);
}

static void take_away(const struct round *r) {
  char path[PATH_BYTES];
  snprintf(path, sizeof path, "%s/root", r->dir);
  must(umount2(path, MNT_DETACH), path);
  for (int i = 0; i < r->group_count; i++) must(rmdir(r->groups[i]), r->groups[i]);
}

int main(int argc, char **argv) {
  if (argc < 6) return fprintf(stderr, "floor LOWER_DIR WORK_DIR BRIDGE GATEWAY CGROUP_DIR...\n"), 1;
  home = (int)must(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), "ns/net");
  host_netlink = (int)must(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), "socket");
  bridge = if_nametoindex(argv[3]);
  gateway = argv[4];
  setvbuf(stdout, NULL, _IOLBF, 0);
  struct round r = {.group_count = argc - 5 < MAX_GROUPS ? argc - 5 : MAX_GROUPS};
  for (char line[64]; fgets(line, sizeof line, stdin); r.number++) {
    double start = now_ms();
    snprintf(r.dir, sizeof r.dir, "%s/%d", argv[2], r.number);
    for (int i = 0; i < r.group_count; i++)
      snprintf(r.groups[i], sizeof r.groups[i], "%s/floor%d", argv[5 + i], r.number);
    mount_overlay(&r, argv[1]);
    make_network(&r);
    make_groups(&r);
    run_container(&r);
    take_away(&r);
    printf("%.3f\n", now_ms() - start);
  }
  return 0;
}
