/** Messages over TCP, each behind its length in two bytes: RFC 1035 4.2.2. */

/** @returns the message with its length before it */
export function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

/** The messages of a connection, until it ends; one that is cut off is left out. */
export async function* messagesOf(connection: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of connection) {
    rest = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    for (let end = endOfFirst(rest); end !== undefined; end = endOfFirst(rest)) {
      yield rest.subarray(2, end);
      rest = rest.subarray(end);
    }
  }
}

function endOfFirst(bytes: Buffer): number | undefined {
  if (bytes.length < 2) return undefined;
  const end = 2 + bytes.readUInt16BE(0);
  return end <= bytes.length ? end : undefined;
}
