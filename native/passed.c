/* A supervisor may pass its client's socket on with the first line (SCM_RIGHTS in unix(7)): the output then goes there and
 * not through the supervisor. What goes the other way, and the end, stay with the connection. */
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "shim.h"

/* -1: none came. There is room for one, the kernel drops more. */
static int passed_fd(const struct msghdr *message) {
  const struct cmsghdr *control = message->msg_control;
  int fd;
  if (message->msg_controllen < CMSG_LEN(sizeof fd)) return -1;
  if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS) return -1;
  memcpy(&fd, CMSG_DATA(control), sizeof fd);
  return fd;
}

ssize_t receive_passed(struct client *client, void *bytes, size_t length) {
  _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  struct iovec piece = {bytes, length};
  struct msghdr message = {
      .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_LEN(sizeof(int))};
  ssize_t got = recvmsg(client->fd, &message, MSG_CMSG_CLOEXEC);
  int fd = got < 0 ? -1 : passed_fd(&message);
  if (fd < 0) return got;
  if (client->kind == CLIENT_NEW && client->out == client->fd) client->out = fd;
  else close(fd);
  return got;
}

/* Its other holder may live on, and with it the registration: that is ended first. */
void passed_close(struct shim *shim, struct client *client) {
  if (client->out == client->fd) return;
  if (client->out_watched) epoll_ctl(shim->epoll, EPOLL_CTL_DEL, client->out, NULL);
  close(client->out);
  client->out = client->fd;
  client->out_watched = 0;
}
