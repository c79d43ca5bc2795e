/**
 * The Engine API over node:http: finds the route, checks the version, runs the handler, tells errors.
 *
 * Contract
 * - Whatever comes in, an answer goes out: JSON with a message, never a stack, never nothing.
 * - A request with `Upgrade` for a route that is no stream is an ordinary request (Apache's and Java's clients
 *   offer an upgrade on each): it is put back on the connection without that header.
 * - `signal` of an exchange fires when the client is gone, so that whatever waits for it ends.
 */
import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Engine } from '../container/engine.ts';
import { ForbiddenError, InvalidError, NotFoundError, SystemError } from '../errors/errors.ts';
import { noteRequest, onClientError, refuse } from './bad-request.ts';
import { bodyBytesMax } from './body.ts';
import { commonHeaders, Exchange } from './exchange.ts';
import { Query } from './query.ts';
import { type Match, Router, splitVersion } from './router.ts';
import { routes } from './routes.ts';
import { answerFor } from './status.ts';
import { putBackWithoutUpgrade, takeBody } from './upgrade.ts';
import { apiVersion, assertVersion } from './versions.ts';

/** How long a refused body may go on arriving. */
const drainTimeoutMs = 10_000;

export interface ApiOptions {
  /** How long a client may take for a request's head. */
  headersTimeoutMs?: number;
}

/** The server; it listens nowhere yet (see listen.ts). */
export function createApiServer(engine: Engine, options: ApiOptions = {}): Server {
  const router = new Router(routes);
  const server = createServer({
    maxHeaderSize: 16 * 1024,
    headersTimeout: options.headersTimeoutMs ?? 30_000,
    // A request's body may last as long as an image takes to arrive.
    requestTimeout: 0,
    keepAliveTimeout: 60_000,
    connectionsCheckingInterval: Math.min(options.headersTimeoutMs ?? 30_000, 5_000),
    requireHostHeader: false,
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    noteRequest(request, response);
    void answer(engine, router, request, response);
  });
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    onUpgrade(engine, router, server, request, socket, head);
  });
  server.on('connect', (_request, socket) =>
    refuse(socket as Socket, 405, 'CONNECT is not served'),
  );
  server.on('clientError', onClientError);
  return server;
}

function onUpgrade(
  engine: Engine,
  router: Router,
  server: Server,
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
): void {
  socket.on('error', () => socket.destroy());
  const match = router.match(request.method ?? '', splitVersion(pathOf(request)).rest);
  if (!match?.route.hijack) {
    putBackWithoutUpgrade(server, request, socket, head);
    return;
  }
  if (request.headers['transfer-encoding'] !== undefined) {
    refuse(socket, 400, 'an upgraded request may have a body of known length only');
    return;
  }
  const length = Number(request.headers['content-length'] ?? 0);
  if (length > bodyBytesMax) {
    refuse(socket, 413, `the body is larger than ${bodyBytesMax} bytes`);
    return;
  }
  takeBody(socket, head, length).then(
    (body) => {
      const response = new ServerResponse(request);
      response.shouldKeepAlive = false;
      response.assignSocket(socket);
      response.on('finish', () => socket.destroySoon());
      return answer(engine, router, request, response, body);
    },
    () => socket.destroy(),
  );
}

async function answer(
  engine: Engine,
  router: Router,
  request: IncomingMessage,
  response: ServerResponse,
  /** Of an upgraded request: node:http has left it on the socket. */
  body?: Buffer,
): Promise<void> {
  const gone = new AbortController();
  const leave = () => {
    if (response.writableFinished) return;
    gone.abort(new SystemError('the client has closed the connection'));
  };
  response.on('close', leave);
  response.on('error', leave);
  for (const [name, value] of Object.entries(commonHeaders)) response.setHeader(name, value);
  let exchange: Exchange | undefined;
  try {
    const { match, version } = find(router, request);
    const query = new Query(request.url?.split('?').slice(1).join('?') ?? '');
    exchange = new Exchange(engine, request, response, match.params, query, version, gone.signal);
    exchange.upgradeBody = body;
    if (match.route.hijack) {
      request.socket.on('close', leave);
      response.off('close', leave);
    }
    await match.route.handler(exchange);
  } catch (error) {
    tell(engine, request, response, exchange, error);
  }
}

/**
 * @throws NotFoundError (404) for an unknown path, InvalidError (400) for a version out of range, ForbiddenError (403)
 *   for a web page's request
 */
function find(router: Router, request: IncomingMessage): { match: Match; version: string } {
  if (!['1.0', '1.1'].includes(request.httpVersion))
    throw new InvalidError(`HTTP/${request.httpVersion} is not served: only 1.1 and 1.0 are`);
  if (request.httpVersion === '1.1' && request.headers.host === undefined)
    throw new InvalidError('the request has no Host header');
  assertCoding(request);
  // A page that got here through a proxy of the socket would have root's rights. No engine's client sends one.
  if (request.headers.origin !== undefined)
    throw new ForbiddenError('requests of web pages are refused: this one has an Origin header');
  const { version, rest } = splitVersion(pathOf(request));
  const match = router.match(request.method ?? '', rest);
  if (!match) throw new NotFoundError('page not found');
  if (version !== undefined) assertVersion(version);
  return { match, version: version ?? apiVersion };
}

/** Of a body in another coding nobody knows where it ends, so node:http finds out only after the request has begun. */
function assertCoding({ headers }: IncomingMessage): void {
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && coding.trim().toLowerCase() !== 'chunked')
    throw new InvalidError(`unsupported Transfer-Encoding header (${coding}): only chunked is`);
}

function tell(
  engine: Engine,
  request: IncomingMessage,
  response: ServerResponse,
  exchange: Exchange | undefined,
  error: unknown,
): void {
  if (exchange?.signal.aborted) {
    engine.log.debug({ method: request.method, path: pathOf(request) }, 'the client has gone');
    request.socket.destroy();
    return;
  }
  const { status, message } = answerFor(error);
  const line = { method: request.method, path: pathOf(request), status, err: error };
  if (status >= 500 && status !== 501) engine.log.error(line, 'a request failed');
  else engine.log.debug(line, 'a request was refused');
  if (exchange?.takenOver || response.headersSent || request.socket.destroyed) {
    request.socket.destroy();
    return;
  }
  if (status === 304) {
    response.writeHead(304);
    response.end();
    return;
  }
  const body = `${JSON.stringify({ message })}\n`;
  if (!request.complete) leaveBody(request, response, status);
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/**
 * A refused body is still taken in for a while, unread: a client that is busy sending it would else see a
 * broken pipe instead of the answer. One that is too large ends the connection.
 */
function leaveBody(request: IncomingMessage, response: ServerResponse, status: number): void {
  if (status === 413) {
    response.setHeader('Connection', 'close');
    return;
  }
  const timer = setTimeout(() => request.socket.destroy(), drainTimeoutMs);
  timer.unref();
  request.on('close', () => clearTimeout(timer));
  request.resume();
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0] as string;
}
