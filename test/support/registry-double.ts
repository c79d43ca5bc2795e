/**
 * A registry that does what a test tells it: it serves what was put into it, and for any request a test may answer in its place,
 * wrongly, slowly, or not at all. It remembers all that it was sent, so that a test can say who learned what.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { FetchedManifest } from '../../src/image/registry/repository.ts';
import type { Blob } from './blobs.ts';
import type { Certificates } from './registry.ts';

export interface Seen {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
  /** Whom the client's certificate names, when it showed one that is good. */
  client: string | undefined;
}

/** Answers a request in the double's place. @returns false: the double answers as it would have */
export type Answerer = (
  request: IncomingMessage,
  response: ServerResponse,
  /** How many requests of this method and path came before. */
  nth: number,
) => boolean | undefined | Promise<boolean | undefined>;

export class RegistryDouble {
  readonly seen: Seen[] = [];
  readonly #server;
  readonly #manifests = new Map<string, FetchedManifest>();
  readonly #blobs = new Map<string, Buffer>();
  answer: Answerer = () => false;

  private constructor(private readonly certificates?: Certificates) {
    const listener = (request: IncomingMessage, response: ServerResponse) =>
      void this.#serve(request, response);
    this.#server = certificates
      ? createSecureServer(
          {
            cert: readFileSync(certificates.certificate),
            key: readFileSync(certificates.key),
            // Whoever shows a certificate is looked at; nobody must.
            ca: readFileSync(certificates.ca),
            requestCert: true,
            rejectUnauthorized: false,
          },
          listener,
        )
      : createServer(listener);
  }

  static async start(certificates?: Certificates): Promise<RegistryDouble> {
    const double = new RegistryDouble(certificates);
    double.#server.listen(0, '127.0.0.1');
    await once(double.#server, 'listening');
    return double;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }
  get host(): string {
    return `127.0.0.1:${this.port}`;
  }
  get origin(): string {
    return `${this.certificates ? 'https' : 'http'}://${this.host}`;
  }

  /** Under its digest and under a tag. */
  putManifest(path: string, tag: string, manifest: FetchedManifest): void {
    for (const name of [tag, manifest.digest])
      this.#manifests.set(`/v2/${path}/manifests/${name}`, manifest);
  }

  /** In every repository. */
  putBlob({ descriptor, bytes }: Blob): void {
    this.#blobs.set(descriptor.digest, bytes);
  }

  count(method: string, part: string): number {
    return this.seen.filter((one) => one.method === method && one.url.includes(part)).length;
  }

  /** Everything it was told, as one text: is a secret in it? */
  heard(): string {
    return this.seen
      .map(
        ({ url, headers, body }) => `${decodeURIComponent(url)} ${JSON.stringify(headers)} ${body}`,
      )
      .join('\n');
  }

  /** Connections that are open. */
  connections(): Promise<number> {
    return new Promise((resolve, reject) =>
      this.#server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
    );
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = request;
    const nth = this.seen.filter((one) => one.method === method && one.url === url).length;
    const seen: Seen = { method, url, headers, body: '', client: clientOf(request) };
    this.seen.push(seen);
    request.on('data', (chunk: Buffer) => {
      seen.body += chunk.toString('latin1');
    });
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    if ((await this.answer(request, response, nth)) !== false) return;
    const path = url.split('?', 1)[0] ?? '';
    if (path === '/v2/') response.end('{}');
    else if (path.endsWith('/tags/list')) response.end('{"tags":["v1"]}');
    else if (path.includes('/manifests/')) this.#serveManifest(path, response);
    else this.#serveBlob(path, headers.range, method, response);
  }

  #serveManifest(path: string, response: ServerResponse): void {
    const found = this.#manifests.get(path);
    if (!found) {
      refuse(response, 404, 'MANIFEST_UNKNOWN', 'manifest unknown');
      return;
    }
    response.writeHead(200, {
      'content-type': found.mediaType,
      'content-length': found.bytes.length,
      'docker-content-digest': found.digest,
    });
    response.end(found.bytes);
  }

  #serveBlob(
    path: string,
    range: string | undefined,
    method: string,
    response: ServerResponse,
  ): void {
    const bytes = this.#blobs.get(path.split('/').at(-1) ?? '');
    if (!bytes) {
      refuse(response, 404, 'BLOB_UNKNOWN', 'blob unknown to registry');
      return;
    }
    const start = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
    const head: Record<string, string | number> = { 'content-length': bytes.length - start };
    if (range) head['content-range'] = `bytes ${start}-${bytes.length - 1}/${bytes.length}`;
    response.writeHead(range ? 206 : 200, head);
    response.end(method === 'HEAD' ? undefined : bytes.subarray(start));
  }
}

function clientOf({ socket }: IncomingMessage): string | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  // Without one there is no subject, whatever the type says.
  const { subject } = socket.getPeerCertificate() as { subject?: { CN: string | string[] } };
  return subject && String(subject.CN);
}

/** A registry's way to say no. */
export function refuse(
  response: ServerResponse,
  status: number,
  code: string,
  message: string,
  headers: Record<string, string | string[]> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify({ errors: [{ code, message, detail: null }] }));
}
