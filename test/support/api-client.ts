/** The least of an Engine API client: JSON over one kept-alive connection to a unix socket. */

import { createReadStream } from 'node:fs';
import { Agent, request } from 'node:http';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

export class Api {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(readonly socketPath: string) {}

  close(): void {
    this.#agent.destroy();
  }

  /** @throws Error with the answer's text when the status is not 2xx */
  async call<T>(method: string, path: string, body?: object | Readable): Promise<T> {
    const { status, text } = await this.#exchange(method, path, body);
    if (status >= 200 && status < 300) return (text === '' ? undefined : tryJson(text)) as T;
    throw new Error(`${method} ${path}: ${status} ${text.trim()}`);
  }

  /** Waits until the engine answers. */
  async ready(timeoutMs = 30_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      try {
        return await this.call('GET', '/_ping');
      } catch (error) {
        if (performance.now() > deadline) throw error;
        await delay(20);
      }
    }
  }

  /** Makes the image `busybox` from a tarball. */
  async importBusybox(tarball: string): Promise<void> {
    await this.call(
      'POST',
      `/images/create?fromSrc=-&repo=busybox&tag=latest&changes=${encodeURIComponent('CMD ["sh"]')}`,
      createReadStream(tarball),
    );
  }

  async create(command: readonly string[]): Promise<string> {
    const { Id } = await this.call<{ Id: string }>('POST', '/containers/create', {
      Image: 'busybox',
      Cmd: command,
    });
    return Id;
  }

  async start(id: string): Promise<void> {
    await this.call('POST', `/containers/${id}/start`);
  }

  /** A container's whole life. */
  async cycle(): Promise<void> {
    const id = await this.create(['true']);
    await this.start(id);
    const { StatusCode } = await this.call<{ StatusCode: number }>(
      'POST',
      `/containers/${id}/wait`,
    );
    if (StatusCode !== 0) throw new Error(`true ended with ${StatusCode}`);
    await this.call('DELETE', `/containers/${id}`);
  }

  #exchange(method: string, path: string, body?: object | Readable) {
    return new Promise<{ status: number; text: string }>((resolve, reject) => {
      const stream = isStream(body) ? body : undefined;
      const json = body && !stream ? JSON.stringify(body) : undefined;
      const headers = json
        ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) }
        : stream
          ? { 'content-type': 'application/x-tar' }
          : {};
      const { socketPath } = this;
      const outgoing = request(
        { socketPath, agent: this.#agent, method, path, headers },
        (answer) => {
          let text = '';
          answer.setEncoding('utf8');
          answer.on('data', (chunk: string) => {
            text += chunk;
          });
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
          answer.on('error', reject);
        },
      );
      outgoing.on('error', reject);
      if (stream) stream.pipe(outgoing);
      else outgoing.end(json);
    });
  }
}

function isStream(body: object | Readable | undefined): body is Readable {
  return body !== undefined && 'pipe' in body;
}

/** Some answers are a stream of JSON lines or plain text. */
function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
