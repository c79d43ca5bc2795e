/** An API server over hand-made records, without root; and clients that send raw bytes. */
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { listen } from '../../src/api/listen.ts';
import { createApiServer } from '../../src/api/server.ts';
import type { Engine } from '../../src/container/engine.ts';
import type { ContainerRecord } from '../../src/container/record.ts';
import { Container, ContainerTable } from '../../src/container/table.ts';
import { openRegistries } from '../../src/image/registry/registries.ts';
import { ImageStore } from '../../src/image/store.ts';
import { defaultNetworkAt } from '../../src/network/default-network.ts';
import { NetworkTable } from '../../src/network/table.ts';
import { Paths } from '../../src/store/paths.ts';
import { EventBus } from '../../src/supervisor/events.ts';
import { planInput } from './plan-input.ts';

export interface TestApi {
  engine: Engine;
  socketPath: string;
  close(): Promise<void>;
}

/** What of an engine needs no root: no network and no shim, so nothing can be started. */
export async function openTestApi(): Promise<TestApi> {
  const root = await mkdtemp(join(tmpdir(), 'petri-api-'));
  const paths = new Paths(join(root, 'data'), join(root, 'run'));
  for (const path of [paths.containers, paths.images, paths.layers, paths.staging, paths.trash])
    await mkdir(path, { recursive: true });
  const log = pino({ level: 'silent' });
  const engine = {
    paths,
    log,
    facts: planInput().facts,
    images: await ImageStore.open(paths, log),
    registries: openRegistries({ limits: { keepAliveMs: 100, pauseMs: 1 } }),
    containers: new ContainerTable(),
    events: new EventBus(),
    networks: new NetworkTable(defaultNetworkAt('petri0', '10.1.0.1/16', 1500)),
  } as unknown as Engine;
  const served = await serve(engine, root);
  return {
    engine,
    ...served,
    async close() {
      await served.close();
      await rm(root, { recursive: true });
    },
  };
}

/** Serves an engine on `api.sock` in a folder. */
export async function serve(
  engine: Engine,
  folder: string,
): Promise<{ socketPath: string; close(): Promise<void> }> {
  const server = createApiServer(engine, { headersTimeoutMs: 300 });
  const socketPath = await listen(server, `unix://${join(folder, 'api.sock')}`);
  return {
    socketPath,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Puts a container with this record into the engine's table. */
export function addContainer(engine: Engine, changes: Partial<ContainerRecord> = {}): Container {
  const record = { ...planInput().record, ...changes };
  const container = new Container(record, engine.paths.container(record.id));
  engine.containers.add(container);
  return container;
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/**
 * Sends bytes as they are and reads one answer, however the connection goes on.
 * @param then `end`: nothing more is to come, and the engine knows it
 */
export async function sendRaw(
  socketPath: string,
  bytes: string | Buffer,
  then: 'wait' | 'end' = 'wait',
): Promise<Answer> {
  const socket = createConnection({ path: socketPath, allowHalfOpen: then === 'end' });
  socket.on('error', () => undefined);
  if (then === 'end') socket.end(bytes);
  else socket.write(bytes);
  try {
    return await readAnswer(socket);
  } finally {
    socket.destroy();
  }
}

/** One answer with a length or in chunks (which stay as they are), or everything up to the connection's end. */
export async function readAnswer(socket: Socket): Promise<Answer> {
  let text = '';
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    text += (chunk as Buffer).toString('latin1');
    const answer = parseAnswer(text);
    if (answer) return answer;
  }
  const [head = '', body = ''] = text.split('\r\n\r\n', 2);
  return { ...parseHead(head), body };
}

function parseAnswer(text: string): Answer | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = parseHead(text.slice(0, end));
  const body = text.slice(end + 4);
  if ([101, 204, 304].includes(head.status)) return { ...head, body };
  if (head.headers['transfer-encoding'] === 'chunked')
    return body.endsWith('0\r\n\r\n') ? { ...head, body } : undefined;
  const length = head.headers['content-length'];
  return length !== undefined && body.length >= Number(length) ? { ...head, body } : undefined;
}

function parseHead(head: string): { status: number; headers: Record<string, string> } {
  const [first = '', ...lines] = head.split('\r\n');
  const pairs = lines.map((line) => line.split(/: ?(.*)/s, 2) as [string, string]);
  return {
    status: Number(first.split(' ')[1] ?? 0),
    headers: Object.fromEntries(pairs.map(([name, value]) => [name.toLowerCase(), value])),
  };
}

/** One request with the usual head; a body is sent as JSON. */
export function call(
  { socketPath }: { socketPath: string },
  method: string,
  path: string,
  body?: string | Buffer | object,
): Promise<Answer> {
  const isText = typeof body === 'string' || Buffer.isBuffer(body);
  const bytes = Buffer.from(
    body === undefined ? '' : isText ? (body as string) : JSON.stringify(body),
  );
  const head = [`${method} ${path} HTTP/1.1`, 'Host: petri', `Content-Length: ${bytes.length}`];
  if (body !== undefined) head.push('Content-Type: application/json');
  return sendRaw(socketPath, Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), bytes]));
}

export function message({ body }: Answer): string {
  return (JSON.parse(body) as { message: string }).message;
}
