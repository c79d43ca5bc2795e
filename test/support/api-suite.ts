/** What the tests of the API over the real engine share: an engine in the test's process, served, and its streams. */
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import type { EngineEvent } from '../../src/container/engine.ts';
import type { OpenEngine } from '../../src/supervisor/open.ts';
import { type Answer, call, serve } from './api.ts';
import { openTestEngine, type TestEngine } from './engine.ts';

/** A connection that is a stream, after the head of its answer. */
export interface OpenStream {
  socket: Socket;
  head: string;
  /** What came with the head. */
  rest: Buffer;
}

export const upgradeToTcp = 'Connection: Upgrade\r\nUpgrade: tcp\r\n';

export class ApiSuite {
  #engine: TestEngine | undefined;
  #api: Awaited<ReturnType<typeof serve>> | undefined;

  constructor() {
    beforeAll(async () => {
      this.#engine = await openTestEngine();
      this.#api = await serve(this.engine, join(this.#engine.options.dataRoot, '..'));
    });
    afterAll(async () => {
      await this.#api?.close();
      await this.#engine?.close();
    });
  }

  get engine(): OpenEngine {
    return there(this.#engine).engine;
  }
  get socketPath(): string {
    return there(this.#api).socketPath;
  }

  /** Creates one of busybox, without network. */
  async create(command: string[], config: object = {}, host: object = {}): Promise<string> {
    const quiet = { NetworkMode: 'none', ...host };
    const body = { Image: 'busybox', Cmd: command, ...config, HostConfig: quiet };
    const answer = await this.call('POST', '/containers/create', body);
    expect(answer.status, answer.body).toBe(201);
    return (JSON.parse(answer.body) as { Id: string }).Id;
  }

  call(method: string, path: string, body?: string | Buffer | object): Promise<Answer> {
    return call(this, method, path, body);
  }

  /** The status of a POST without a body. */
  async post(path: string): Promise<number> {
    return (await this.call('POST', path)).status;
  }

  async remove(id: string): Promise<void> {
    const answer = await this.call('DELETE', `/containers/${id}?force=1`);
    expect(answer).toMatchObject({ status: 204, body: '' });
  }

  // biome-ignore lint/suspicious/noExplicitAny: whatever a test looks at
  async inspect(id: string): Promise<any> {
    return JSON.parse((await this.call('GET', `/containers/${id}/json`)).body);
  }

  /** Opens a stream; resolves when the answer's head is there. */
  async open(method: string, path: string, extra = upgradeToTcp): Promise<OpenStream> {
    const socket = createConnection({ path: this.socketPath, allowHalfOpen: true });
    socket.write(`${method} ${path} HTTP/1.1\r\nHost: x\r\n${extra}\r\n`);
    let bytes = Buffer.alloc(0);
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      bytes = Buffer.concat([bytes, chunk as Buffer]);
      const end = bytes.indexOf('\r\n\r\n');
      if (end >= 0)
        return { socket, head: bytes.toString('latin1', 0, end), rest: bytes.subarray(end + 4) };
    }
    throw new Error(`no answer: ${bytes}`);
  }

  /** Collects the actions of a container's events from now on. */
  actionsOf(id: string): string[] {
    const actions: string[] = [];
    this.engine.events.subscribe((event: EngineEvent) => {
      if (event.id === id) actions.push(event.action);
    });
    return actions;
  }
}

export async function readToEnd({ socket, rest }: OpenStream): Promise<Buffer> {
  const chunks = [rest];
  for await (const chunk of socket.iterator({ destroyOnReturn: false }))
    chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Reads until what came contains `text`; the stream can be read further. */
export async function readUntil(stream: OpenStream, text: string): Promise<string> {
  let seen = String(stream.rest);
  stream.rest = Buffer.alloc(0);
  if (seen.includes(text)) return seen;
  for await (const chunk of stream.socket.iterator({ destroyOnReturn: false })) {
    seen += chunk;
    if (seen.includes(text)) return seen;
  }
  throw new Error(`the stream ended without ${JSON.stringify(text)}: ${JSON.stringify(seen)}`);
}

/** Frames joined by stream. */
export function unframe(bytes: Buffer): Record<number, string> {
  const streams: Record<number, string> = {};
  for (let at = 0; at < bytes.length; ) {
    const [stream, length] = [bytes[at] as number, bytes.readUInt32BE(at + 4)];
    streams[stream] = (streams[stream] ?? '') + bytes.toString('utf8', at + 8, at + 8 + length);
    at += 8 + length;
  }
  return streams;
}

function there<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the engine is there once the tests run');
  return value;
}
