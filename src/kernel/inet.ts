/**
 * Sockets of IPv4, in the network namespace the calling thread is in when they are made: they stay there. For
 * those that the engine must make in a container's namespace; all others are Node's. ip(7).
 */
import { isIPv4 } from 'node:net';
import { InvalidError } from '../errors/errors.ts';
import { check, constants, declare, flagBits } from './ffi.ts';

const c = {
  socket: declare('int socket(int domain, int type, int protocol)'),
  bind: declare('int bind(int fd, const void *address, unsigned int length)'),
  listen: declare('int listen(int fd, int backlog)'),
};

/** `struct sockaddr_in` */
const ADDRESS_BYTES = 16;

/**
 * socket(2) of AF_INET
 * @param type e.g. `['SOCK_DGRAM', 'SOCK_CLOEXEC']`
 * @returns the descriptor
 */
export function inetSocket(type: readonly string[]): number {
  return check(c.socket(constants.AF_INET, flagBits(type), 0), 'socket', ['AF_INET']);
}

/** bind(2). @param address in dotted form */
export function bind(fd: number, address: string, port: number): void {
  if (!isIPv4(address)) throw new InvalidError(`bind: ${address} is no IPv4 address`);
  const bytes = Buffer.alloc(ADDRESS_BYTES);
  bytes.writeUInt16LE(constants.AF_INET, 0);
  bytes.writeUInt16BE(port, 2);
  bytes.set(address.split('.').map(Number), 4);
  check(c.bind(fd, bytes, bytes.length), 'bind', [String(fd), `${address}:${port}`]);
}

/** listen(2) */
export function listen(fd: number, backlog: number): void {
  check(c.listen(fd, backlog), 'listen', [String(fd)]);
}

type Values = Readonly<Record<string, unknown>>;

/** What a step's `call` may name, with slots that are descriptors already. */
export const inetCalls = {
  socket: ({ type }: Values): number => inetSocket(type as string[]),
  bind({ fd, address, port }: Values): number {
    bind(Number(fd), String(address), Number(port));
    return 0;
  },
  listen({ fd, backlog }: Values): number {
    listen(Number(fd), Number(backlog));
    return 0;
  },
} as const;
