/**
 * A socket of the kernel's NETLINK_ROUTE family and one request over it. netlink(7).
 *
 * A socket belongs to the network namespace its thread was in when it was opened, for ever: one opened
 * during a hop configures that namespace after the hop has ended. The kernel answers within `send`, so
 * every receive is MSG_DONTWAIT and nothing here can block.
 */
import { KernelError, SystemError } from '../../errors/errors.ts';
import { check, constants, declare, errnoName } from '../ffi.ts';
import { type Message, readAttributes, readMessages, readString, setSequence } from './message.ts';
import {
  type MessageName,
  messageTypes,
  NETLINK_CAP_ACK,
  NETLINK_EXT_ACK,
  NETLINK_GET_STRICT_CHK,
  NETLINK_ROUTE,
  NLM_F_ACK,
  NLM_F_ACK_TLVS,
  NLM_F_DUMP,
  NLM_F_MULTI,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSGERR_ATTR_MSG,
} from './numbers.ts';

const cSocket = declare('int socket(int, int, int)');
const cSetsockopt = declare('int setsockopt(int, int, int, const void*, unsigned int)');
const cSend = declare('long send(int, const void*, size_t, int)');
const cRecv = declare('long recv(int, void*, size_t, int)');
const cClose = declare('int close(int)');

const MSG_DONTWAIT = 0x40;
/** The kernel's dumps come in datagrams of at most 32 KiB. */
const received = Buffer.alloc(64 * 1024);
const ONE = Buffer.from([1, 0, 0, 0]);
/** errno and the copied header (with NETLINK_CAP_ACK nothing more is copied) before the attributes. */
const ERROR_BYTES = 20;

let lastSequence = 0;

/** A message that is complete but for its sequence number. */
export interface Request {
  name: MessageName;
  /** Beyond NLM_F_REQUEST and NLM_F_ACK. */
  flags?: number;
  /** Builds header and body; see link.ts, address.ts, route.ts. */
  message: Buffer;
  /** What it is about, for the error's text. */
  on: readonly string[];
}

export class NetlinkSocket {
  private constructor(readonly fd: number) {}

  /** Opens a close-on-exec socket in the calling thread's network namespace. */
  static open(): NetlinkSocket {
    return new NetlinkSocket(openNetlink());
  }

  /** @returns the answer's messages: the dumped objects, the one asked for, or none */
  request(request: Request): Message[] {
    return transact(this.fd, request);
  }

  close(): void {
    cClose(this.fd);
  }
}

/**
 * `socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol)` with texts for errors.
 * @returns the descriptor
 */
export function openNetlink(protocol = NETLINK_ROUTE): number {
  const type = constants.SOCK_RAW | constants.SOCK_CLOEXEC;
  const fd = check(cSocket(constants.AF_NETLINK, type, protocol), 'socket', ['AF_NETLINK']);
  for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK])
    check(cSetsockopt(fd, constants.SOL_NETLINK, option, ONE, ONE.length), 'setsockopt', [
      'netlink',
    ]);
  return fd;
}

/**
 * Sends one request over the socket `fd` and reads the whole answer.
 * @throws KernelError named after the message, with the kernel's own text as its hint
 */
export function transact(fd: number, { name, message, on }: Request): Message[] {
  lastSequence = (lastSequence + 1) >>> 0;
  setSequence(message, lastSequence);
  check(cSend(fd, message, message.length, 0), 'send', [name, ...on]);
  const answer: Message[] = [];
  while (!readDatagram(fd, name, on, answer));
  return answer;
}

/** @returns true when the answer has ended */
function readDatagram(
  fd: number,
  name: MessageName,
  on: readonly string[],
  into: Message[],
): boolean {
  const length = check(cRecv(fd, received, received.length, MSG_DONTWAIT), 'recv', [name, ...on]);
  // Copied, because the next datagram overwrites it.
  for (const message of readMessages(Buffer.from(received.subarray(0, length)))) {
    if (message.sequence !== lastSequence) continue;
    if (message.type === NLMSG_DONE) return true;
    if (message.type === NLMSG_ERROR) {
      throwIfError(message, name, on);
      return true;
    }
    into.push(message);
    if (!(message.flags & NLM_F_MULTI)) return true;
  }
  return false;
}

function throwIfError({ body, flags }: Message, name: MessageName, on: readonly string[]): void {
  if (body.length < 4) throw new SystemError(`${name}: the kernel's answer is too short`);
  const errno = -body.readInt32LE(0);
  if (errno === 0) return;
  const texts = flags & NLM_F_ACK_TLVS ? readAttributes(body.subarray(ERROR_BYTES)) : undefined;
  throw new KernelError(
    name,
    errno,
    errnoName(errno),
    on,
    readString(texts?.get(NLMSGERR_ATTR_MSG)),
  );
}

/** Flags of a request for one object, whose answer is the object. */
export const REQUEST_ONE = NLM_F_REQUEST;
/** Flags of a request that is acknowledged. */
export const REQUEST_ACK = NLM_F_REQUEST | NLM_F_ACK;
/** Flags of a request for all objects of a kind. */
export const REQUEST_DUMP = NLM_F_REQUEST | NLM_F_DUMP;

export function typeOf(name: MessageName): number {
  return messageTypes[name];
}
