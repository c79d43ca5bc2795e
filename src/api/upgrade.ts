/**
 * What to do with a request that asks for an upgrade. Up to Node 24.8 node:http stops reading at the end of the head
 * of such a request, so its body is still among the bytes of the socket.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { InvalidError } from '../errors/errors.ts';

/**
 * Hands the connection back to the server as if the client had not offered an upgrade. Emitting
 * `connection` is node's documented way to inject one.
 */
export function putBackWithoutUpgrade(
  server: Server,
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
): void {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    const [name, value] = [request.rawHeaders[i] as string, request.rawHeaders[i + 1] as string];
    if (!/^(upgrade|connection|http2-settings)$/i.test(name)) lines.push(`${name}: ${value}`);
  }
  const rebuilt = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  socket.removeAllListeners('error');
  socket.unshift(Buffer.concat([rebuilt, head]));
  server.emit('connection', socket);
}

/**
 * Takes a body of known length off the socket: it belongs to the request and must not reach the stream that follows it.
 * What comes after it stays readable.
 * @throws InvalidError when the client closes before its end
 */
export function takeBody(socket: Socket, head: Buffer, length: number): Promise<Buffer> {
  if (head.length > length) socket.unshift(head.subarray(length));
  if (head.length >= length) return Promise.resolve(head.subarray(0, length));
  const taken = [head];
  return new Promise((resolve, reject) => {
    let left = length - head.length;
    const cut = () => reject(new InvalidError('the connection closed inside the request body'));
    const read = () => {
      for (let chunk = socket.read(); chunk !== null && left > 0; chunk = socket.read()) {
        if (chunk.length > left) socket.unshift(chunk.subarray(left));
        taken.push(chunk.subarray(0, left));
        left -= Math.min(left, chunk.length);
        if (left === 0) break;
      }
      if (left > 0) return;
      socket.off('readable', read);
      socket.off('close', cut);
      socket.off('end', cut);
      resolve(Buffer.concat(taken));
    };
    socket.on('readable', read);
    socket.on('close', cut);
    socket.on('end', cut);
  });
}
