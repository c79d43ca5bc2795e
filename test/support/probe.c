/* What an attacker would try, as one static program that an isolation test puts into its image. Each answer is a line
 * with the number of the error, 0 for success. It never writes to what it opened. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

/* fds: every open descriptor, found without opening one. */
static int fds(void) {
  for (int fd = 0; fd < 1024; fd++)
    if (fcntl(fd, F_GETFD) >= 0) printf("%d\n", fd);
  return 0;
}

/* read PATH…: the error, and whether there was anything in it. */
static int try_read(char **paths) {
  for (; *paths; paths++) {
    char byte;
    errno = 0;
    int fd = open(*paths, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    ssize_t got = fd < 0 ? -1 : read(fd, &byte, 1);
    printf("%s %d %zd\n", *paths, got < 0 ? errno : 0, got);
    if (fd >= 0) close(fd);
  }
  return 0;
}

/* write PATH…: opens for writing, and writes nothing. */
static int try_write(char **paths) {
  for (; *paths; paths++) {
    int fd = open(*paths, O_WRONLY | O_NONBLOCK | O_NOCTTY);
    printf("%s %d\n", *paths, fd < 0 ? errno : 0);
    if (fd >= 0) close(fd);
  }
  return 0;
}

/* nodes TYPE:MAJOR:MINOR…: makes the device and opens it for reading. */
static int nodes(char **specs) {
  for (; *specs; specs++) {
    char type;
    unsigned major, minor;
    if (sscanf(*specs, "%c:%u:%u", &type, &major, &minor) != 3) return 2;
    unlink("/node");
    int made = mknod("/node", (type == 'b' ? S_IFBLK : S_IFCHR) | 0600, makedev(major, minor));
    int fd = made < 0 ? -1 : open("/node", O_RDONLY | O_NONBLOCK | O_NOCTTY);
    printf("%s %d\n", *specs, fd < 0 ? errno : 0);
    if (fd >= 0) close(fd);
  }
  return 0;
}

/* mount SOURCE TARGET TYPE DATA */
static int try_mount(char **args) {
  mkdir(args[1], 0755);
  printf("mount %d\n", mount(args[0], args[1], args[2], 0, *args[3] ? args[3] : NULL) < 0 ? errno : 0);
  return 0;
}

/* escape: the old way out of a chroot; tells the device and inode of where it ends. */
static int escape(void) {
  struct stat here;
  mkdir("/escape", 0755);
  if (chroot("/escape") < 0) return perror("chroot"), 1;
  for (int i = 0; i < 64; i++)
    if (chdir("..") < 0) return perror("chdir"), 1;
  if (chroot(".") < 0 || stat("/", &here) < 0) return perror("chroot ."), 1;
  printf("%lu:%lu\n", (unsigned long)here.st_dev, (unsigned long)here.st_ino);
  return 0;
}

/* bomb MAX: children until there can be no more; how many, and why no more. */
static int bomb(int most) {
  int children = 0;
  pid_t *pids = calloc((size_t)most, sizeof *pids);
  for (; pids && children < most; children++) {
    pids[children] = fork();
    if (pids[children] == 0) return pause();
    if (pids[children] < 0) break;
  }
  printf("%d %d\n", children, children < most ? errno : 0);
  while (children > 0) kill(pids[--children], SIGKILL);
  return 0;
}

/* type TEXT: puts bytes into the queue of the controlling terminal, as if they had been typed. */
static int type(const char *text) {
  int fd = open("/dev/tty", O_RDWR);
  printf("open %d\n", fd < 0 ? errno : 0);
  for (; fd >= 0 && *text; text++)
    if (ioctl(fd, TIOCSTI, text) < 0) return printf("type %d\n", errno), 0;
  return 0;
}

/* swap A B: exchanges the two names for ever, as fast as it can (renameat2(2), RENAME_EXCHANGE). */
static int swap(char **names) {
  for (;;)
    if (renameat2(AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE) < 0) return 1;
}

int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  if (!strcmp(what, "fds")) return fds();
  if (!strcmp(what, "read")) return try_read(argv + 2);
  if (!strcmp(what, "write")) return try_write(argv + 2);
  if (!strcmp(what, "nodes")) return nodes(argv + 2);
  if (!strcmp(what, "mount") && argc == 6) return try_mount(argv + 2);
  if (!strcmp(what, "escape")) return escape();
  if (!strcmp(what, "bomb") && argc == 3) return bomb(atoi(argv[2]));
  if (!strcmp(what, "swap") && argc == 4) return swap(argv + 2);
  if (!strcmp(what, "type") && argc == 3) return type(argv[2]);
  return 2;
}
