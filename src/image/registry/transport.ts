/**
 * HTTP to whatever host: one exchange, nothing followed, nothing tried again. Connections are kept per origin, each with the
 * certificates and the proxy that are meant for it. undici is loaded by the first exchange: a supervisor that never talks to
 * a registry does not pay for it.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { assertNotLinkLocal, guardedLookup } from './addresses.ts';
import { certificatesFor } from './certificates.ts';
import { transportError } from './failures.ts';
import type { InsecureRegistries } from './insecure.ts';
import type { Limits } from './options.ts';
import { proxyFor } from './proxy.ts';

export interface Outgoing {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: URL;
  headers: Readonly<Record<string, string>>;
  body?: Uint8Array | string | AsyncIterable<Uint8Array>;
  /** Close the connection afterwards. */
  isLast?: boolean;
}

export interface Answer {
  method: string;
  url: URL;
  status: number;
  headers: IncomingHttpHeaders;
  /** To be read, discarded or destroyed. */
  body: Dispatcher.ResponseData['body'];
}

export interface TransportOptions {
  insecure: InsecureRegistries;
  certificatesFolder: string;
  environment: NodeJS.ProcessEnv;
  limits: Limits;
}

/** Blobs lie on many hosts; of so many the connections are kept. */
const originsMax = 32;

export class Transport {
  readonly #dispatchers = new Map<string, Promise<Dispatcher>>();

  constructor(readonly options: TransportOptions) {}

  /**
   * Sends one request and waits for the head of its answer.
   * @throws TransientError or SystemError in Go's words when there is none, ForbiddenError for a link-local address, the signal's reason
   */
  async exchange(outgoing: Outgoing, signal: AbortSignal): Promise<Answer> {
    const { method, url, headers, body } = outgoing;
    const { limits } = this.options;
    signal.throwIfAborted();
    assertNotLinkLocal(url.hostname);
    try {
      const dispatcher = await this.#dispatcherFor(url);
      const answer = await dispatcher.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method,
        headers: { 'user-agent': 'petri', ...headers },
        // undici takes any iterable of bytes, which its types do not say.
        body: (body ?? null) as Readable | null,
        signal,
        headersTimeout: limits.headersMs,
        bodyTimeout: limits.stallMs,
      });
      return { method, url, status: answer.statusCode, headers: answer.headers, body: answer.body };
    } catch (error) {
      signal.throwIfAborted();
      throw transportError(method, url, error);
    }
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    const open = [...this.#dispatchers.values()];
    this.#dispatchers.clear();
    for (const one of open) await (await one).destroy();
  }

  #dispatcherFor(url: URL): Promise<Dispatcher> {
    const known = this.#dispatchers.get(url.origin);
    if (known) return known;
    const opened = this.#open(url);
    this.#dispatchers.set(url.origin, opened);
    opened.catch(() => this.#dispatchers.delete(url.origin));
    if (this.#dispatchers.size > originsMax) this.#closeOldest();
    return opened;
  }

  #closeOldest(): void {
    const [oldest] = this.#dispatchers;
    if (!oldest) return;
    this.#dispatchers.delete(oldest[0]);
    // Transfers that still run over it end in their own time.
    oldest[1].then((dispatcher) => dispatcher.close()).catch(() => undefined);
  }

  async #open(url: URL): Promise<Dispatcher> {
    const { Agent, ProxyAgent } = await import('undici');
    const { insecure, certificatesFolder, environment, limits } = this.options;
    const isSecure = url.protocol === 'https:';
    const tls = {
      rejectUnauthorized: !(await insecure.has(url)),
      ...(isSecure && (await certificatesFor(url.host, certificatesFolder, environment))),
    };
    const { keepAliveMs } = limits;
    const common = { keepAliveTimeout: keepAliveMs, keepAliveMaxTimeout: keepAliveMs };
    const proxy = proxyFor(url, environment);
    if (proxy)
      return new ProxyAgent({ uri: proxy, proxyTunnel: isSecure, requestTls: tls, ...common });
    return new Agent({
      ...common,
      connect: { ...tls, lookup: guardedLookup, timeout: limits.connectMs },
    });
  }
}
