/**
 * Builds and reads the bytes of netlink messages: a header, a fixed part, then attributes (length,
 * type, value, padded to 4) which may nest. Pure. netlink(7), rtnetlink(7).
 *
 * Integers are in the host's byte order, which is little-endian on every machine Petri runs on;
 * addresses are in network order.
 */
import { InvalidError } from '../../errors/errors.ts';

const HEADER_BYTES = 16;
const ATTRIBUTE_HEADER_BYTES = 4;
/** Type bits that say nested or network byte order (NLA_F_NESTED, NLA_F_NET_BYTEORDER). */
const ATTRIBUTE_TYPE_MASK = 0x3fff;

export class MessageBuilder {
  readonly #buffer = Buffer.alloc(1024);
  #end = HEADER_BYTES;

  u8(...values: number[]): this {
    for (const value of values) this.#end = this.#buffer.writeUInt8(value, this.#end);
    return this;
  }

  u16(value: number): this {
    this.#end = this.#buffer.writeUInt16LE(value, this.#end);
    return this;
  }

  u32(...values: number[]): this {
    for (const value of values) this.#end = this.#buffer.writeUInt32LE(value, this.#end);
    return this;
  }

  attribute(type: number, value: Uint8Array): this {
    return this.nest(type, () => {
      this.#buffer.set(value, this.#end);
      this.#end += value.length;
    });
  }

  attributeU32(type: number, value: number): this {
    return this.nest(type, () => this.u32(value));
  }

  /** A string with its terminating NUL. */
  attributeString(type: number, value: string): this {
    return this.attribute(type, Buffer.from(`${value}\0`));
  }

  /** An attribute whose value is what `write` writes. */
  nest(type: number, write: (builder: this) => void): this {
    const start = this.#end;
    this.#end += ATTRIBUTE_HEADER_BYTES;
    write(this);
    this.#buffer.writeUInt16LE(this.#end - start, start);
    this.#buffer.writeUInt16LE(type, start + 2);
    this.#end = align(this.#end);
    return this;
  }

  /** The message; its sender may set the sequence number with `setSequence`. */
  finish(type: number, flags: number): Buffer {
    this.#buffer.writeUInt32LE(this.#end, 0);
    this.#buffer.writeUInt16LE(type, 4);
    this.#buffer.writeUInt16LE(flags, 6);
    return this.#buffer.subarray(0, this.#end);
  }
}

export function setSequence(message: Buffer, sequence: number): void {
  message.writeUInt32LE(sequence, 8);
}

export interface Message {
  type: number;
  flags: number;
  sequence: number;
  /** What follows the header. */
  body: Buffer;
}

/** The messages of one datagram; stops at the first that is not whole. */
export function* readMessages(datagram: Buffer): Generator<Message> {
  for (let at = 0; at + HEADER_BYTES <= datagram.length; ) {
    const length = datagram.readUInt32LE(at);
    if (length < HEADER_BYTES || at + length > datagram.length) return;
    yield {
      type: datagram.readUInt16LE(at + 4),
      flags: datagram.readUInt16LE(at + 6),
      sequence: datagram.readUInt32LE(at + 8),
      body: datagram.subarray(at + HEADER_BYTES, at + length),
    };
    at += align(length);
  }
}

/** The attributes in `bytes`, by type; of two of a type the last. */
export function readAttributes(bytes: Buffer): Map<number, Buffer> {
  const attributes = new Map<number, Buffer>();
  for (let at = 0; at + ATTRIBUTE_HEADER_BYTES <= bytes.length; ) {
    const length = bytes.readUInt16LE(at);
    if (length < ATTRIBUTE_HEADER_BYTES || at + length > bytes.length) break;
    const type = bytes.readUInt16LE(at + 2) & ATTRIBUTE_TYPE_MASK;
    attributes.set(type, bytes.subarray(at + ATTRIBUTE_HEADER_BYTES, at + length));
    at += align(length);
  }
  return attributes;
}

/** A NUL-terminated string attribute. */
export function readString(value: Buffer | undefined): string | undefined {
  return value?.toString('utf8').split('\0', 1)[0];
}

/** @throws InvalidError unless it is six hexadecimal bytes with colons between */
export function macBytes(address: string): Buffer {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(address))
    throw new InvalidError(`invalid MAC address ${JSON.stringify(address)}`);
  return Buffer.from(address.replaceAll(':', ''), 'hex');
}

export function macText(bytes: Buffer): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':');
}

function align(length: number): number {
  return (length + 3) & ~3;
}
