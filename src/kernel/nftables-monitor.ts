/**
 * Tells whether another program has changed any nftables rule: the kernel announces each change to the
 * netfilter multicast group, and after the changes of a transaction who made it. Asking costs a
 * microsecond, so it can be asked every second. netlink(7), linux/netfilter/nf_tables.h.
 */
import { KernelError } from '../errors/errors.ts';
import { check, constants, declare } from './ffi.ts';
import { readAttributes, readMessages } from './netlink/message.ts';

const c = {
  socket: declare('int socket(int domain, int type, int protocol)'),
  bind: declare('int bind(int fd, const void *address, unsigned int length)'),
  recv: declare('long recv(int fd, void *buffer, size_t length, int flags)'),
  close: declare('int close(int fd)'),
};

/** linux/netlink.h, linux/netfilter/nfnetlink.h */
const NETLINK_NETFILTER = 12;
const NFNLGRP_NFTABLES = 7;
/** NFNL_SUBSYS_NFTABLES, NFT_MSG_NEWGEN; its body begins with a `struct nfgenmsg`. */
const NEWGEN = (10 << 8) | 15;
const NFGENMSG_BYTES = 4;
const NFTA_GEN_PROC_PID = 2;
/** What is announced does not matter here, only by whom; a datagram that is cut is not the last of its transaction. */
const announcement = Buffer.alloc(16 * 1024);

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

  /** True when somebody else has changed something since it was last asked. */
  changed(): boolean {
    let any = false;
    for (let told = this.#receive(); told !== undefined; told = this.#receive()) any ||= told;
    return any;
  }

  close(): void {
    c.close(this.fd);
  }

  /**
   * @returns whether a datagram tells of another's transaction; undefined when there is none. A full buffer
   *   (ENOBUFS) means that more has changed than fits: some of it may be another's
   */
  #receive(): boolean | undefined {
    try {
      const on = ['NETLINK_NETFILTER'];
      const length = check(c.recv(this.fd, announcement, announcement.length, 0), 'recv', on);
      return [...readMessages(announcement.subarray(0, length))].some(isOfAnother);
    } catch (error) {
      if (error instanceof KernelError && error.code === 'ENOBUFS') return true;
      if (error instanceof KernelError && error.code === 'EAGAIN') return undefined;
      throw error;
    }
  }
}

/** In a pid namespace the kernel's number for this process is another one: then every change is another's. */
function isOfAnother({ type, body }: { type: number; body: Buffer }): boolean {
  if (type !== NEWGEN) return false;
  const pid = readAttributes(body.subarray(NFGENMSG_BYTES)).get(NFTA_GEN_PROC_PID);
  return pid?.readUInt32BE(0) !== process.pid;
}
