/**
 * Tells whether any nftables rule has changed: the kernel announces each change to the netfilter
 * multicast group. Asking costs a microsecond, so it can be asked every second. netlink(7).
 */
import { KernelError } from '../errors/errors.ts';
import { check, constants, declare } from './ffi.ts';

const c = {
  socket: declare('int socket(int domain, int type, int protocol)'),
  bind: declare('int bind(int fd, const void *address, unsigned int length)'),
  recv: declare('long recv(int fd, void *buffer, size_t length, int flags)'),
  close: declare('int close(int fd)'),
};

/** linux/netlink.h, linux/netfilter/nfnetlink.h */
const NETLINK_NETFILTER = 12;
const NFNLGRP_NFTABLES = 7;
/** What is announced does not matter here, only that something was. */
const announcement = Buffer.alloc(4096);

const ADDRESS_BYTES = 12;

/** `struct sockaddr_nl`: port number by the kernel's choice (an unbound socket is told nothing), the group's bit. */
function address(): Buffer {
  const bytes = Buffer.alloc(ADDRESS_BYTES);
  bytes.writeUInt16LE(constants.AF_NETLINK, 0);
  bytes.writeUInt32LE(1 << (NFNLGRP_NFTABLES - 1), 8);
  return bytes;
}

export class NftablesMonitor {
  private constructor(private readonly fd: number) {}

  /** Watches the network namespace the calling thread is in. */
  static open(): NftablesMonitor {
    const type = constants.SOCK_RAW | constants.SOCK_CLOEXEC | constants.SOCK_NONBLOCK;
    const on = ['NETLINK_NETFILTER'];
    const fd = check(c.socket(constants.AF_NETLINK, type, NETLINK_NETFILTER), 'socket', on);
    check(c.bind(fd, address(), ADDRESS_BYTES), 'bind', on);
    return new NftablesMonitor(fd);
  }

  /** True when something has changed since it was last asked. */
  changed(): boolean {
    let any = false;
    while (this.#receive()) any = true;
    return any;
  }

  close(): void {
    c.close(this.fd);
  }

  /** A full buffer (ENOBUFS) means that more has changed than fits: that is a change too. */
  #receive(): boolean {
    try {
      check(c.recv(this.fd, announcement, announcement.length, 0), 'recv', ['NETLINK_NETFILTER']);
      return true;
    } catch (error) {
      if (error instanceof KernelError && error.code === 'ENOBUFS') return true;
      if (error instanceof KernelError && error.code === 'EAGAIN') return false;
      throw error;
    }
  }
}
