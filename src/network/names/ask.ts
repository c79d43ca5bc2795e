/**
 * One question to one server elsewhere, from the host's network. What comes back is believed when it comes
 * from that server, to a port and with a number that nobody can guess, and repeats the question. RFC 5452.
 */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import { framed, messagesOf } from './frames.ts';
import { questionBytes, type Transport } from './message.ts';

/** @returns the server's reply with the query's own number; undefined when it does not answer in time */
type Ask = (server: string, query: Buffer, timeoutMs: number) => Promise<Buffer | undefined>;

const PORT = 53;
const QR = 0x80;

export const ask: Readonly<Record<Transport, Ask>> = { udp: askByUdp, tcp: askByTcp };

/** A socket for each question: its port is chosen by the kernel, and connected it hears that server alone. */
function askByUdp(server: string, query: Buffer, timeoutMs: number): Promise<Buffer | undefined> {
  const sent = numbered(query, randomInt(0x10000));
  const socket = createSocket(isIPv6(server) ? 'udp6' : 'udp4');
  return new Promise((resolve) => {
    const settle = (reply?: Buffer) => {
      clearTimeout(timer);
      socket.removeAllListeners().on('error', () => undefined);
      socket.close();
      resolve(reply && numbered(reply, query.readUInt16BE(0)));
    };
    const timer = setTimeout(settle, timeoutMs);
    socket.on('error', () => settle());
    socket.on('message', (message) => {
      if (isReplyTo(message, sent)) settle(message);
    });
    socket.connect(PORT, server, () => socket.send(sent));
  });
}

async function askByTcp(
  server: string,
  query: Buffer,
  timeoutMs: number,
): Promise<Buffer | undefined> {
  const sent = numbered(query, randomInt(0x10000));
  const socket = connect({ host: server, port: PORT });
  const timer = setTimeout(() => socket.destroy(), timeoutMs);
  socket.write(framed(sent));
  try {
    for await (const message of messagesOf(socket))
      if (isReplyTo(message, sent)) return numbered(message, query.readUInt16BE(0));
    return undefined;
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

/** Servers may change the case of letters. */
function isReplyTo(message: Buffer, sent: Buffer): boolean {
  if (message.length < 12 || message.readUInt16BE(0) !== sent.readUInt16BE(0)) return false;
  const isReply = (message.readUInt8(2) & QR) !== 0 && message.readUInt16BE(4) === 1;
  return isReply && questionText(message) === questionText(sent);
}

function questionText(message: Buffer): string | undefined {
  return questionBytes(message)?.toString('latin1').toLowerCase();
}

function numbered(message: Buffer, id: number): Buffer {
  const copy = Buffer.from(message);
  copy.writeUInt16BE(id, 0);
  return copy;
}
