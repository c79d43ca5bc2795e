/**
 * Forgets connections that the kernel tracks to a port of this host: what it once decided about one, such as
 * where to translate it, holds for its packets as long as they come, also when the port has been
 * published elsewhere since. linux/netfilter/nfnetlink_conntrack.h.
 */
import { KernelError } from '../../errors/errors.ts';
import { constants } from '../ffi.ts';
import { close } from '../files.ts';
import { MessageBuilder, readAttributes } from './message.ts';
import { openNetlink, REQUEST_ACK, REQUEST_DUMP, transact, typeOf } from './socket.ts';

const NETLINK_NETFILTER = 12;
const CTA_TUPLE_ORIG = 1;
const CTA_ID = 12;
const CTA_FILTER = 25;
const CTA_TUPLE_PROTO = 2;
const CTA_PROTO_NUM = 1;
const CTA_PROTO_DST_PORT = 3;
const CTA_FILTER_ORIG_FLAGS = 1;
const CTA_FILTER_REPLY_FLAGS = 2;
/** Which fields of the tuple count: CTA_FILTER_F_CTA_PROTO_NUM and _DST_PORT. */
const BY_PROTOCOL = 1 << 3;
const BY_PORT = 1 << 5;
const NLA_F_NESTED = 0x8000;
const NFGENMSG_BYTES = 4;

const numbers = { tcp: 6, udp: 17, sctp: 132 } as const;

/**
 * Of one version of IP, in the network namespace the calling thread is in. The kernel walks its whole table for
 * that (10 ms with 262144 buckets), so several ports are better asked for at once.
 * @param ports those that were asked for, before any translation
 * @returns how many there were
 * @throws KernelError when the kernel cannot list connections (nf_conntrack_netlink is missing)
 */
export function forgetConnections(
  protocol: keyof typeof numbers,
  ports: ReadonlySet<number>,
  isV6 = false,
): number {
  const [port, ...others] = ports;
  if (port === undefined) return 0;
  const fd = openNetlink(NETLINK_NETFILTER);
  try {
    const on = [protocol, [...ports].join()];
    // The kernel looks for one port; of several all of the protocol come, and are sorted out here.
    const flags = others.length > 0 ? BY_PROTOCOL : BY_PROTOCOL | BY_PORT;
    const message = begin(isV6 ? constants.AF_INET6 : constants.AF_INET)
      .nest(CTA_TUPLE_ORIG | NLA_F_NESTED, (builder) => tuple(builder, numbers[protocol], port))
      .nest(CTA_FILTER | NLA_F_NESTED, (builder) =>
        builder.attributeU32(CTA_FILTER_ORIG_FLAGS, flags).attributeU32(CTA_FILTER_REPLY_FLAGS, 0),
      )
      .finish(typeOf('IPCTNL_MSG_CT_GET'), REQUEST_DUMP);
    const found = transact(fd, { name: 'IPCTNL_MSG_CT_GET', message, on });
    const ours = found.filter(({ body }) => ports.has(destinationPort(body)));
    for (const { body } of ours) forget(fd, body, on);
    return ours.length;
  } finally {
    close(fd);
  }
}

function begin(family: number): MessageBuilder {
  return new MessageBuilder().u8(family, 0, 0, 0);
}

function tuple(builder: MessageBuilder, protocol: number, port: number): void {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(port);
  builder.nest(CTA_TUPLE_PROTO | NLA_F_NESTED, () =>
    builder.attribute(CTA_PROTO_NUM, Buffer.from([protocol])).attribute(CTA_PROTO_DST_PORT, bytes),
  );
}

function destinationPort(listed: Buffer): number {
  const original = readAttributes(listed.subarray(NFGENMSG_BYTES)).get(CTA_TUPLE_ORIG);
  const protocol = original && readAttributes(original).get(CTA_TUPLE_PROTO);
  return (protocol && readAttributes(protocol).get(CTA_PROTO_DST_PORT))?.readUInt16BE(0) ?? -1;
}

/** One that has ended meanwhile is passed over. */
function forget(fd: number, listed: Buffer, on: readonly string[]): void {
  const attributes = readAttributes(listed.subarray(NFGENMSG_BYTES));
  const message = begin(listed.readUInt8(0))
    .attribute(CTA_TUPLE_ORIG | NLA_F_NESTED, attributes.get(CTA_TUPLE_ORIG) ?? Buffer.alloc(0))
    .attribute(CTA_ID, attributes.get(CTA_ID) ?? Buffer.alloc(0))
    .finish(typeOf('IPCTNL_MSG_CT_DELETE'), REQUEST_ACK);
  try {
    transact(fd, { name: 'IPCTNL_MSG_CT_DELETE', message, on });
  } catch (error) {
    if (!(error instanceof KernelError && error.code === 'ENOENT')) throw error;
  }
}
