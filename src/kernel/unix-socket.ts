/**
 * Unix sockets in folders whose path is longer than the 108 bytes a socket address holds (unix(7)): the
 * folder is opened and the socket named `/proc/self/fd/N/name`.
 */

import { check, constants, declare, flagBits } from './ffi.ts';
import { close, open } from './files.ts';

const c = {
  socket: declare('int socket(int family, int type, int protocol)'),
  bind: declare('int bind(int fd, const void *address, unsigned int length)'),
  listen: declare('int listen(int fd, int backlog)'),
  fchmod: declare('int fchmod(int fd, unsigned int mode)'),
};

const MAX_PATH_BYTES = 107;

/**
 * Makes a listening stream socket `dir/name` with mode 0600.
 * @returns its descriptor (CLOEXEC)
 * @throws KernelError EADDRINUSE when the name exists
 */
export function listenIn(dir: string, name: string, backlog: number): number {
  const folder = openFolder(dir);
  const fd = check(
    c.socket(constants.AF_UNIX, flagBits(['SOCK_STREAM', 'SOCK_CLOEXEC']), 0),
    'socket',
    ['AF_UNIX'],
  );
  try {
    // The socket's own mode becomes the file's at bind, so there is no moment in which it is open to others.
    check(c.fchmod(fd, 0o600), 'fchmod', [name]);
    const address = unixAddress(`/proc/self/fd/${folder}/${name}`);
    check(c.bind(fd, address, address.length), 'bind', [`${dir}/${name}`]);
    check(c.listen(fd, backlog), 'listen', [`${dir}/${name}`]);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  } finally {
    close(folder);
  }
}

/**
 * A short path to `dir/name` for node's `net.connect`, valid until `close` is called (after the connection
 * is made).
 */
export function connectPath(dir: string, name: string): { path: string; close: () => void } {
  const folder = openFolder(dir);
  return { path: `/proc/self/fd/${folder}/${name}`, close: () => close(folder) };
}

function openFolder(dir: string): number {
  return open(dir, ['O_PATH', 'O_DIRECTORY', 'O_CLOEXEC']);
}

/** struct sockaddr_un: the family and the path with its NUL. */
function unixAddress(path: string): Buffer {
  const bytes = Buffer.from(path);
  if (bytes.length > MAX_PATH_BYTES) throw new RangeError(`socket name too long: ${path}`);
  const address = Buffer.alloc(2 + bytes.length + 1);
  address.writeUInt16LE(constants.AF_UNIX, 0);
  bytes.copy(address, 2);
  return address;
}
