/**
 * An engine that does nothing: it answers what docker's command asks of it for an exec, at once. What the command
 * takes on it is its own; no engine can be faster.
 */
import { createServer } from 'node:http';
import type { Socket } from 'node:net';

export interface Stub {
  name: string;
  socketPath: string;
  stop(): void;
}

const answers: [method: string, path: RegExp, body: string][] = [
  ['HEAD', /_ping$/, ''],
  ['GET', /_ping$/, 'OK'],
  ['GET', /containers\/host\/json$/, '{"Id":"host","State":{"Running":true},"Config":{}}'],
  ['POST', /containers\/host\/exec$/, '{"Id":"1"}'],
  ['GET', /exec\/1\/json$/, '{"ID":"1","Running":false,"ExitCode":0}'],
];

/** Listens when the promise resolves. */
export function startStub(socketPath: string): Promise<Stub> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?', 1)[0] as string;
    const found = answers.find(
      ([method, pattern]) => method === request.method && pattern.test(path),
    );
    const headers = { 'Api-Version': '1.47', Ostype: 'linux', 'Content-Type': 'application/json' };
    response.writeHead(found ? 200 : 404, headers);
    response.end(found?.[2]);
  });
  // The exec's stream: it ends as soon as it has begun.
  server.on('upgrade', (_request, socket: Socket) => {
    socket.end('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
    socket.resume();
  });
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  return new Promise((resolve) =>
    server.listen(socketPath, () => resolve({ name: 'nothing', socketPath, stop })),
  );
}
