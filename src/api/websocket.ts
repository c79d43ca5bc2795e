/** A connection as a websocket of binary messages, RFC 6455; for the engine a stream of bytes like any other. */
import { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { InvalidError } from '../errors/errors.ts';
import { FrameParser } from './client/frames.ts';
import { commonHeaders, type Exchange } from './exchange.ts';

/** Of one message; it is taken in whole before its bytes go on. */
const MESSAGE_BYTES_MAX = 1 << 20;

/**
 * Completes the handshake.
 * @param framed what is written to the stream has docker's frames, which the client is not to see
 * @param beforeHead called when the request is found good, before its answer goes out
 * @throws InvalidError when it is none for a websocket
 */
export async function takeOverAsWebsocket(
  exchange: Exchange,
  framed: boolean,
  beforeHead: () => void,
): Promise<Duplex> {
  if (!exchange.upgraded) throw new InvalidError('a websocket needs a request with an upgrade');
  const { WebSocketServer } = await import('ws');
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: MESSAGE_BYTES_MAX,
  });
  return new Promise((resolve, reject) => {
    const { request, signal } = exchange;
    signal.addEventListener('abort', () => reject(signal.reason as Error));
    server.on('wsClientError', ({ message }) =>
      reject(new InvalidError(`no websocket: ${message}`)),
    );
    server.on('headers', (lines) => {
      for (const [name, value] of Object.entries(commonHeaders)) lines.push(`${name}: ${value}`);
      exchange.release();
      beforeHead();
    });
    server.handleUpgrade(request, request.socket, Buffer.alloc(0), (websocket) =>
      resolve(new WebsocketStream(websocket, framed)),
    );
  });
}

/** Messages are cut where the bytes happened to be, as in docker: a boundary means nothing. */
class WebsocketStream extends Duplex {
  readonly #websocket: WebSocket;
  readonly #parser: FrameParser | undefined;

  constructor(websocket: WebSocket, framed: boolean) {
    super();
    this.#websocket = websocket;
    this.#parser = framed ? new FrameParser() : undefined;
    websocket.on('message', (bytes: Buffer) => {
      if (!this.push(bytes)) websocket.pause();
    });
    websocket.on('error', (error) => this.destroy(error));
    websocket.on('close', () => this.destroy());
  }

  override _read(): void {
    this.#websocket.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    const pieces = this.#parser?.push(chunk).map(({ bytes }) => bytes);
    const bytes = pieces ? Buffer.concat(pieces) : chunk;
    if (bytes.length === 0) done();
    else this.#websocket.send(bytes, { binary: true }, done);
  }

  override _final(done: () => void): void {
    this.#websocket.close(1000);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#websocket.terminate();
    done(error);
  }
}
