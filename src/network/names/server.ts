/**
 * The name service of one container: its two sockets, which lie in the container's network though they are read
 * here. Whoever asks is in the container, so nothing about a request is trusted: not its bytes, not how many there
 * are, not that anybody reads the replies.
 */
import { createSocket, type RemoteInfo } from 'node:dgram';
import { createServer, type Socket } from 'node:net';
import { framed, messagesOf } from './frames.ts';
import { type Query, readQuery, type Transport } from './message.ts';

/** Descriptors, both bound and close-on-exec; they are closed with the server. */
export interface NameSockets {
  udp: number;
  /** Listening. */
  tcp: number;
}

type Answer = (query: Query) => Buffer | Promise<Buffer>;

const MAX_CONNECTIONS = 64;
const IDLE_MS = 10_000;

export class NameServer {
  private readonly udp = createSocket('udp4');
  private readonly tcp = createServer({ allowHalfOpen: true });
  private readonly connections = new Set<Socket>();
  private isClosed = false;

  /**
   * @param answer may fail: then there is no reply
   * @param failed told of what goes wrong with the sockets themselves
   */
  constructor(
    sockets: NameSockets,
    private readonly answer: Answer,
    failed: (error: Error) => void,
  ) {
    this.udp.on('error', failed);
    this.tcp.on('error', failed);
    this.udp.on('message', (bytes, from) => void this.onDatagram(bytes, from).catch(failed));
    this.tcp.on('connection', (socket) => void this.converse(socket));
    this.tcp.maxConnections = MAX_CONNECTIONS;
    this.udp.bind({ fd: sockets.udp });
    this.tcp.listen({ fd: sockets.tcp });
  }

  /** At once: an open socket would keep the container's network alive. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.udp.close();
    this.tcp.close();
    for (const socket of this.connections) socket.destroy();
  }

  private async onDatagram(bytes: Buffer, { port, address }: RemoteInfo): Promise<void> {
    const replied = await this.respond(bytes, 'udp');
    // Whoever asked may be gone; then nobody misses the reply.
    if (replied && !this.isClosed) this.udp.send(replied, port, address, () => undefined);
  }

  /** One question after the other: a slow reader waits for itself. */
  private async converse(socket: Socket): Promise<void> {
    this.connections.add(socket);
    socket.on('close', () => this.connections.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    try {
      for await (const bytes of messagesOf(socket)) {
        const replied = await this.respond(bytes, 'tcp');
        if (!replied) break;
        await new Promise((written) => socket.write(framed(replied), written));
      }
    } catch {
      // The connection broke: so it is over.
    } finally {
      socket.destroy();
    }
  }

  private respond(bytes: Buffer, transport: Transport): Buffer | undefined | Promise<Buffer> {
    const query = readQuery(bytes, transport);
    if (query === 'ignore') return undefined;
    return Buffer.isBuffer(query) ? query : this.answer(query);
  }
}
