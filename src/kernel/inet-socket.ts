/** Sockets bound to an address and a port of this host, for others to keep off and for us to listen on. ip(7), tcp(7), udp(7). */
import { isIPv6 } from 'node:net';
import { check, constants, declare, flagBits } from './ffi.ts';
import { close } from './files.ts';
import { ipBytes } from './netlink/ip.ts';

const c = {
  socket: declare('int socket(int family, int type, int protocol)'),
  bind: declare('int bind(int fd, const void *address, unsigned int length)'),
  setsockopt: declare('int setsockopt(int, int, int, const void*, unsigned int)'),
};

/** asm-generic/socket.h, linux/in.h, linux/in6.h */
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;

const protocols = {
  tcp: { type: 'SOCK_STREAM', number: 6 },
  udp: { type: 'SOCK_DGRAM', number: 17 },
  sctp: { type: 'SOCK_STREAM', number: 132 },
} as const;

export interface InetAddress {
  protocol: keyof typeof protocols;
  /** IPv4 or IPv6, without a zone; an IPv6 socket is of that version alone. */
  address: string;
  port: number;
}

/**
 * A socket that has the port but does not listen: nobody else can listen on it, and nobody is answered.
 * @returns its descriptor (CLOEXEC)
 * @throws KernelError EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, EPROTONOSUPPORT
 */
export function bindPort({ protocol, address, port }: InetAddress): number {
  const { type, number } = protocols[protocol];
  const on = [protocol, address, String(port)];
  const family = isIPv6(address) ? constants.AF_INET6 : constants.AF_INET;
  const fd = check(c.socket(family, flagBits([type, 'SOCK_CLOEXEC']), number), 'socket', on);
  try {
    if (family === constants.AF_INET6) setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1, on);
    // Connections of who had the port before may still be waiting; but once it is ours, it is not shared.
    if (protocol === 'tcp') setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1, on);
    const bytes = socketAddress(address, port);
    check(c.bind(fd, bytes, bytes.length), 'bind', on);
    if (protocol === 'tcp') setOption(fd, SOL_SOCKET, SO_REUSEADDR, 0, on);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

function setOption(fd: number, level: number, name: number, value: number, on: string[]): void {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  check(c.setsockopt(fd, level, name, bytes, bytes.length), 'setsockopt', on);
}

/** `struct sockaddr_in`, `struct sockaddr_in6`. */
function socketAddress(address: string, port: number): Buffer {
  const isV6 = isIPv6(address);
  const bytes = Buffer.alloc(isV6 ? 28 : 16);
  bytes.writeUInt16LE(isV6 ? constants.AF_INET6 : constants.AF_INET, 0);
  bytes.writeUInt16BE(port, 2);
  ipBytes(address).copy(bytes, isV6 ? 8 : 4);
  return bytes;
}
