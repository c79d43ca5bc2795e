/**
 * HTTP to one engine: JSON answers, streamed answers, and hijacked connections. Paths get the version
 * prefix that was agreed on by `_ping`. https://docs.docker.com/reference/api/engine/
 */
import { Agent, type IncomingMessage, type RequestOptions, request } from 'node:http';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { Endpoint } from './endpoint.ts';
import { ApiError, ConnectionError } from './errors.ts';

/** The newest version of the Engine API this client speaks. */
export const newestVersion = '1.47';

/** Values of a query; undefined and false are left out, true is sent as `1`. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface CallOptions {
  readonly query?: Query;
  /** Appended to the query as it is, for parameters that repeat: `&changes=…`. */
  readonly suffix?: string;
  /** Sent as JSON; a stream is sent as a tar archive. */
  readonly body?: unknown;
  readonly stream?: Readable;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export class Transport {
  readonly #agent = new Agent({ keepAlive: true });
  #version: Promise<string> | undefined;

  constructor(readonly endpoint: Endpoint) {}

  /**
   * The version both sides speak: the older of the engine's and ours. Asked once.
   * @throws ConnectionError
   */
  version(): Promise<string> {
    this.#version ??= this.#negotiate();
    return this.#version;
  }

  /** Calls and reads the whole answer: parsed JSON, or undefined when there is no body. */
  async json<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
    const text = await this.text(method, path, options);
    return (text ? JSON.parse(text) : undefined) as T;
  }

  /** Calls and reads the whole answer as it is. */
  async text(method: string, path: string, options: CallOptions = {}): Promise<string> {
    return readText(await this.open(method, path, options));
  }

  /**
   * Calls and returns the answer while it still streams.
   * @throws ApiError for an error status, ConnectionError. 304 is none: it is so already, as wanted
   */
  async open(method: string, path: string, options: CallOptions = {}): Promise<IncomingMessage> {
    const response = await this.#send(method, await this.#versioned(path, options), options);
    if (isSuccess(response.statusCode ?? 500)) return response;
    throw await errorOf(response);
  }

  /**
   * Calls and takes the connection over: bytes both ways, `end()` is the half-close.
   * `POST /containers/{id}/attach`, section "Hijacking" of the API's reference.
   */
  async hijack(path: string, options: CallOptions = {}): Promise<Socket> {
    const url = await this.#versioned(path, options);
    const body = options.body === undefined ? '' : JSON.stringify(options.body);
    return new Promise((resolve, reject) => {
      const call = request({
        ...this.#target('POST', url),
        agent: false,
        headers: {
          Host: 'petri',
          Connection: 'Upgrade',
          Upgrade: 'tcp',
          'Content-Length': Buffer.byteLength(body),
          ...(body && { 'Content-Type': 'application/json' }),
        },
      });
      call.on('error', (error) => reject(this.#connectionError(error)));
      call.on('response', (response) => errorOf(response).then(reject, reject));
      call.on('upgrade', (_response, socket, head) => {
        if (head.length > 0) socket.unshift(head);
        resolve(socket as Socket);
      });
      call.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }

  async #negotiate(): Promise<string> {
    const response = await this.#send('GET', '/_ping', {});
    const body = await readText(response);
    if (response.statusCode !== 200) throw new ApiError(response.statusCode ?? 500, body.trim());
    return olderVersion(String(response.headers['api-version'] ?? '1.24'), newestVersion);
  }

  async #versioned(path: string, options: CallOptions): Promise<string> {
    return `/v${await this.version()}${path}${formatQuery(options.query ?? {})}${options.suffix ?? ''}`;
  }

  #target(method: string, path: string): RequestOptions {
    const { socketPath, host, port } = this.endpoint;
    return socketPath ? { socketPath, method, path } : { host, port, method, path };
  }

  #send(method: string, path: string, options: CallOptions): Promise<IncomingMessage> {
    const body = options.body === undefined ? '' : JSON.stringify(options.body);
    const headers: Record<string, string> = { Host: 'petri', ...options.headers };
    if (options.stream) headers['Content-Type'] = 'application/x-tar';
    else if (options.body !== undefined) headers['Content-Type'] = 'application/json';
    if (!options.stream) headers['Content-Length'] = String(Buffer.byteLength(body));
    return new Promise((resolve, reject) => {
      const call = request({
        ...this.#target(method, path),
        agent: this.#agent,
        headers,
        ...(options.signal && { signal: options.signal }),
      });
      call.on('error', (error) => reject(this.#connectionError(error)));
      call.on('response', resolve);
      if (options.stream) options.stream.on('error', (error) => call.destroy(error)).pipe(call);
      else call.end(body);
    });
  }

  #connectionError(error: NodeJS.ErrnoException): Error {
    const isOurs = error.syscall === 'connect' || error.code === 'ECONNRESET';
    if (!isOurs) return error;
    return new ConnectionError(this.endpoint.name, error.code ?? 'unknown', { cause: error });
  }
}

/** `?a=1&b=x`, or nothing. */
export function formatQuery(query: Query): string {
  const pairs = Object.entries(query).flatMap(([key, value]) => {
    if (value === undefined || value === false) return [];
    return [`${encodeURIComponent(key)}=${encodeURIComponent(value === true ? '1' : value)}`];
  });
  return pairs.length > 0 ? `?${pairs.join('&')}` : '';
}

/** The older of two versions such as `1.41` and `1.47`. */
export function olderVersion(a: string, b: string): string {
  const minor = (version: string): number => Number(version.split('.')[1] ?? 0);
  return minor(a) < minor(b) ? a : b;
}

function isSuccess(status: number): boolean {
  return status < 300 || status === 304;
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** The engine's message is JSON `{message}`; anything else is taken as text. */
async function errorOf(response: IncomingMessage): Promise<ApiError> {
  const status = response.statusCode ?? 500;
  const text = (await readText(response)).trim();
  return new ApiError(status, messageOf(text) || `status ${status} ${response.statusMessage}`);
}

function messageOf(text: string): string {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && 'message' in parsed) {
      return String(parsed.message);
    }
  } catch {
    return text; // not JSON: a proxy or an old engine
  }
  return text;
}
