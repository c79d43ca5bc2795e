/**
 * Questions as they come in and replies as they go out. The wire format is dns-packet's; the question is
 * repeated byte for byte, for what a decoder makes of it need not be what was asked. RFC 1035, RFC 6891.
 */
import { type Answer, decode, encode, type OptAnswer, RECURSION_AVAILABLE } from 'dns-packet';

/** The answer's code: RFC 1035 4.1.1; 16 is of RFC 6891. */
export const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  BADVERS: 16,
} as const;

export type Transport = 'udp' | 'tcp';

export interface Query {
  /** As it came: what is forwarded. */
  readonly bytes: Buffer;
  readonly transport: Transport;
  /** Without a trailing dot; `.` is the root. */
  readonly name: string;
  /** `A`, `AAAA`, `PTR`, … */
  readonly type: string;
  /** Whoever asks understands EDNS: a reply says the same. */
  readonly edns: OptAnswer | undefined;
}

const HEADER_BYTES = 12;
/** No question needs more: a name has at most 255 bytes, and there is one. */
const MAX_QUERY_BYTES = 4096;
/** Without EDNS: RFC 1035 4.2.1. */
const PLAIN_UDP_BYTES = 512;
/** What we send over UDP at most, and say we take. */
const EDNS_UDP_BYTES = 4096;
const MAX_TCP_BYTES = 65_535;

const QR = 0x8000;
const OPCODE = 0x7800;
const TC = 0x0200;
/** What a reply repeats of the query's flags: opcode and "recursion desired". */
const REPEATED = OPCODE | 0x0100;

/**
 * @returns the query; or the reply to what is none that can be answered; or `ignore` for what nobody may answer:
 *   a reply to a reply would go round for ever
 */
export function readQuery(bytes: Buffer, transport: Transport): Query | Buffer | 'ignore' {
  if (bytes.length < HEADER_BYTES) return 'ignore';
  const flags = bytes.readUInt16BE(2);
  if (flags & QR) return 'ignore';
  if (flags & OPCODE) return bareReply(bytes, RCODE.NOTIMP);
  if (bytes.length > MAX_QUERY_BYTES || bytes.readUInt16BE(4) !== 1)
    return bareReply(bytes, RCODE.FORMERR);
  try {
    return readQuestion(bytes, transport);
  } catch {
    return bareReply(bytes, RCODE.FORMERR);
  }
}

/** @throws whatever dns-packet throws for bytes that are no message */
function readQuestion(bytes: Buffer, transport: Transport): Query | Buffer {
  const { questions, additionals } = decode(bytes);
  const [question] = questions ?? [];
  if (!question || questionBytes(bytes) === undefined) return bareReply(bytes, RCODE.FORMERR);
  const edns = additionals?.find((record): record is OptAnswer => record.type === 'OPT');
  const query = { bytes, transport, name: question.name, type: question.type, edns };
  if (question.class !== 'IN') return reply(query, RCODE.REFUSED);
  if (edns && edns.ednsVersion > 0) return reply(query, RCODE.BADVERS);
  return query;
}

/**
 * The reply to a query. Records that do not fit are left out, and the reply says so: whoever asked then
 * comes back over TCP.
 */
export function reply(query: Query, rcode: number, answers: readonly Answer[] = []): Buffer {
  const limit = sizeLimit(query);
  const whole = encodeReply(query, rcode, answers);
  if (whole.length <= limit) return whole;
  const share = Math.floor((answers.length * limit) / whole.length);
  for (let kept = share; kept > 0; kept--) {
    const part = encodeReply(query, rcode, answers.slice(0, kept), TC);
    if (part.length <= limit) return part;
  }
  return encodeReply(query, rcode, [], TC);
}

function encodeReply(
  { bytes, edns }: Query,
  rcode: number,
  answers: readonly Answer[],
  truncated = 0,
): Buffer {
  const flags = repeatedFlags(bytes) | RECURSION_AVAILABLE | truncated | (rcode & 0xf);
  const additionals = edns ? [replyEdns(edns, rcode)] : [];
  const id = bytes.readUInt16BE(0);
  const records = encode({ type: 'response', id, flags, answers: [...answers], additionals });
  const question = questionBytes(bytes) ?? Buffer.alloc(0);
  records.writeUInt16BE(question.length > 0 ? 1 : 0, 4);
  return Buffer.concat([
    records.subarray(0, HEADER_BYTES),
    question,
    records.subarray(HEADER_BYTES),
  ]);
}

/** A header and nothing else. */
function bareReply(query: Buffer, rcode: number): Buffer {
  const flags = repeatedFlags(query) | RECURSION_AVAILABLE | rcode;
  return encode({ type: 'response', id: query.readUInt16BE(0), flags });
}

function repeatedFlags(query: Buffer): number {
  return query.readUInt16BE(2) & REPEATED;
}

/** Options are not repeated: they are asked of somebody who knows them. */
function replyEdns(edns: OptAnswer, rcode: number): OptAnswer {
  return {
    type: 'OPT',
    name: '.',
    udpPayloadSize: EDNS_UDP_BYTES,
    extendedRcode: rcode >> 4,
    ednsVersion: 0,
    flags: edns.flag_do ? 0x8000 : 0,
    flag_do: edns.flag_do,
    options: [],
  };
}

function sizeLimit({ transport, edns }: Query): number {
  if (transport === 'tcp') return MAX_TCP_BYTES;
  if (!edns) return PLAIN_UDP_BYTES;
  return Math.min(Math.max(edns.udpPayloadSize, PLAIN_UDP_BYTES), EDNS_UDP_BYTES);
}

/**
 * The question section of a message with one question: its name, type and class.
 * @returns undefined when it is cut off, or its name is not written out
 */
export function questionBytes(message: Buffer): Buffer | undefined {
  let at = HEADER_BYTES;
  for (let length = message[at]; length !== 0; length = message[at]) {
    if (length === undefined || length > 63) return undefined;
    at += 1 + length;
  }
  const end = at + 5;
  return end <= message.length ? message.subarray(HEADER_BYTES, end) : undefined;
}
