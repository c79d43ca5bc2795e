/** Answers for what is not HTTP, on the bare socket: 400, 408, 413, 431, and the connection ends. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { commonHeaders } from './exchange.ts';

const known: Record<string, [status: number, message: string]> = {
  HPE_HEADER_OVERFLOW: [431, 'the head of the request is larger than 16 KiB'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'the chunk extensions are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the head of the request took too long'],
};

/** By connection, the last request whose head was understood, and its answer. */
const last = new WeakMap<Duplex, { request: IncomingMessage; response: ServerResponse }>();

/** Remembers a request: its body may turn out not to be HTTP when it has been answered already. */
export function noteRequest(request: IncomingMessage, response: ServerResponse): void {
  last.set(request.socket, { request, response });
}

/** Listener for `clientError` of an HTTP server. */
export function onClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || error.code === 'EPIPE' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { request, response } = last.get(socket) ?? {};
  // One request has one answer: to the client a second one would be that of its next.
  if (request && !request.complete && response?.writableEnded) {
    socket.end(() => socket.destroy());
    return;
  }
  const [status, message] = known[error.code ?? ''] ?? [400, `malformed request: ${error.message}`];
  refuse(socket, status, message);
}

/** Answers with an error on a socket that has no response object, and closes it. */
export function refuse(socket: Duplex, status: number, message: string): void {
  const body = `${JSON.stringify({ message })}\n`;
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`,
    ...Object.entries(commonHeaders).map(([name, value]) => `${name}: ${value}`),
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.on('error', () => socket.destroy());
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
