/**
 * Unix sockets in folders whose path is longer than the 108 bytes a socket address holds (unix(7)): the
 * folder is opened and the socket named `/proc/self/fd/N/name`.
 */

import koffi from 'koffi';
import { check, constants, declare, flagBits } from './ffi.ts';
import { close, open } from './files.ts';

koffi.struct('petri_iovec', { base: 'const uint8_t *', length: 'size_t' });
/** struct msghdr of the 64-bit architectures: sendmsg(2) */
koffi.struct('petri_msghdr', {
  name: 'const void *',
  name_length: 'uint32_t',
  pieces: 'const petri_iovec *',
  piece_count: 'size_t',
  control: 'const uint8_t *',
  control_length: 'size_t',
  flags: 'int',
});

const c = {
  socket: declare('int socket(int family, int type, int protocol)'),
  bind: declare('int bind(int fd, const void *address, unsigned int length)'),
  listen: declare('int listen(int fd, int backlog)'),
  connect: declare('int connect(int fd, const void *address, unsigned int length)'),
  sendmsg: declare('long sendmsg(int fd, const petri_msghdr *message, int flags)'),
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
  const fd = unixStream();
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
 * Connects to the stream socket `dir/name`, without waiting: its listener need not have accepted.
 * @returns the descriptor (CLOEXEC, non-blocking)
 * @throws KernelError ENOENT or ECONNREFUSED when nobody listens there, EAGAIN when too many wait already
 */
export function connectIn(dir: string, name: string): number {
  const folder = openFolder(dir);
  const fd = unixStream(['SOCK_NONBLOCK']);
  try {
    const address = unixAddress(`/proc/self/fd/${folder}/${name}`);
    check(c.connect(fd, address, address.length), 'connect', [`${dir}/${name}`]);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  } finally {
    close(folder);
  }
}

/**
 * Sends a few bytes on a connection on which nothing waits, and a descriptor with them: the receiver gets one of its
 * own for the same open file. SCM_RIGHTS in unix(7), cmsg(3).
 */
export function sendDescriptor(socket: number, bytes: Uint8Array, descriptor: number): void {
  const control = Buffer.alloc(24);
  control.writeBigUInt64LE(20n, 0);
  control.writeInt32LE(constants.SOL_SOCKET, 8);
  control.writeInt32LE(constants.SCM_RIGHTS, 12);
  control.writeInt32LE(descriptor, 16);
  const message = {
    name: null,
    name_length: 0,
    pieces: { base: bytes, length: bytes.length },
    piece_count: 1,
    control,
    control_length: control.length,
    flags: 0,
  };
  check(c.sendmsg(socket, message, 0), 'sendmsg', ['SCM_RIGHTS']);
}

function unixStream(more: readonly string[] = []): number {
  const type = flagBits(['SOCK_STREAM', 'SOCK_CLOEXEC', ...more]);
  return check(c.socket(constants.AF_UNIX, type, 0), 'socket', ['AF_UNIX']);
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
