/**
 * One request and its answer, as a handler sees them. Hijacking (`takeOver`) leaves HTTP: what follows
 * the head of the answer are bytes of a stream, both ways.
 *
 * A handler either ends the answer or throws before it has begun; `signal` fires when the client is gone.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Engine } from '../container/engine.ts';
import { readJson } from './body.ts';
import type { Query } from './query.ts';
import { apiVersion, compareVersions, engineVersion } from './versions.ts';

/** On every answer, as dockerd sends them. */
export const commonHeaders = {
  'Api-Version': apiVersion,
  'Docker-Experimental': 'false',
  Ostype: 'linux',
  Server: `Petri/${engineVersion} (linux)`,
} as const;

const commonLines = Object.entries(commonHeaders).map(([name, value]) => `${name}: ${value}`);

export class Exchange {
  /** The body of a client that asked for `Upgrade: tcp`; undefined: it did not ask. */
  upgradeBody: Buffer | undefined;
  #takenOver = false;

  constructor(
    readonly engine: Engine,
    readonly request: IncomingMessage,
    readonly response: ServerResponse,
    /** The named parts of the path. */
    readonly params: Readonly<Record<string, string>>,
    readonly query: Query,
    /** The API version of the path; the newest without one. */
    readonly version: string,
    readonly signal: AbortSignal,
  ) {}

  /** A named part of the path that the route has. */
  param(name: string): string {
    return this.params[name] ?? '';
  }

  /** Is the client's API version this or newer? */
  since(version: string): boolean {
    return compareVersions(this.version, version) >= 0;
  }

  get upgraded(): boolean {
    return this.upgradeBody !== undefined;
  }

  /** The request's body as JSON, undefined when there is none; see body.ts. */
  readJson(): Promise<unknown> {
    return readJson(this.request, this.upgradeBody);
  }

  json(body: unknown, status = 200): void {
    this.send(status, 'application/json', `${JSON.stringify(body)}\n`);
  }

  send(status: number, contentType: string, body: string): void {
    this.response.writeHead(status, {
      'Content-Type': contentType,
      'Content-Length': Buffer.byteLength(body),
    });
    this.response.end(this.request.method === 'HEAD' ? undefined : body);
  }

  /** An answer without a body. */
  empty(status: number): void {
    this.response.writeHead(
      status,
      status === 204 || status === 304 ? {} : { 'Content-Length': 0 },
    );
    this.response.end();
  }

  /** Sends the head at once; the body follows by `response.write`. */
  stream(contentType: string): ServerResponse {
    this.response.writeHead(200, { 'Content-Type': contentType });
    this.response.flushHeaders();
    return this.response;
  }

  /** The connection's bytes belong to a stream: the answer's head can no longer be changed. */
  get takenOver(): boolean {
    return this.#takenOver;
  }

  /**
   * Answers 101 to a client that asked for it, else the old raw 200, and gives the socket away. The
   * socket is paused; its `end` is the client's half-close.
   * https://docs.docker.com/reference/api/engine/ section ContainerAttach, "Hijacking"
   */
  takeOver(contentType: string): Socket {
    const { socket } = this.request;
    if (!this.upgraded) detachParser(socket);
    this.release();
    socket.pause();
    noticeLeaving(socket);
    const head = this.upgraded
      ? ['HTTP/1.1 101 UPGRADED', 'Connection: Upgrade', 'Upgrade: tcp']
      : ['HTTP/1.1 200 OK'];
    socket.write(
      [...head, `Content-Type: ${contentType}`, ...commonLines, '', ''].join('\r\n'),
      'latin1',
    );
    return socket;
  }

  /** Gives the socket away without an answer: whoever takes it writes the head. */
  release(): void {
    this.#takenOver = true;
    this.response.detachSocket(this.request.socket);
    this.request.socket.setTimeout(0);
  }
}

/** How long a client that has left may be taken for one that listens. */
const NOTICE_MS = 1000;

/**
 * A client that has gone looks like one that has only ended what it says: both are an end of file, and one whose input
 * is not read yet looks like nothing at all. A write of no bytes does no harm to the one, and fails for the other (EPIPE,
 * unix(7)).
 */
function noticeLeaving(socket: Socket): void {
  const timer = setInterval(() => {
    if (socket.writable && socket.writableLength === 0) socket.write('');
  }, NOTICE_MS);
  timer.unref();
  socket.once('close', () => clearInterval(timer));
}

/**
 * Takes a socket from node:http without an upgrade. Adding a `data` listener makes the parser give its
 * direct hold on the handle up (node lib/_http_server.js, `unconsume`); after that its own listeners go.
 */
function detachParser(socket: Socket): void {
  const nothing = () => {};
  socket.on('data', nothing);
  socket.pause();
  socket.removeAllListeners('data');
  socket.removeAllListeners('end');
  socket.removeAllListeners('timeout');
}
