/**
 * `POST /containers/{id}/attach` and `GET /containers/{id}/attach/ws`: the connection becomes the container's terminal
 * or pipes.
 */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type AttachOptions, attach as attachTo } from '../../container/attach.ts';
import type { Engine } from '../../container/engine.ts';
import { emit } from '../../container/events.ts';
import { assertReadable, logs as readLog } from '../../container/logs.ts';
import type { Container } from '../../container/table.ts';
import { ConflictError, InvalidError } from '../../errors/errors.ts';
import { detachSequence } from '../detach-keys.ts';
import type { Exchange } from '../exchange.ts';
import { type Detach, join, part } from '../join.ts';
import { takeOverAsWebsocket } from '../websocket.ts';
import { writeAll } from '../write.ts';
import { containerOf } from './find.ts';
import { contentType, encode } from './logs.ts';

export function attach(exchange: Exchange): Promise<void> {
  const container = containerOf(exchange);
  return converse(exchange, container, wantedBy(exchange), async (attach) => {
    // The head first, for the shim may answer at once.
    const client = exchange.takeOver(contentType(exchange, container));
    attach(client);
    return client;
  });
}

/** Without frames: what a websocket carries are the bytes of both streams as they come. */
export function attachWebsocket(exchange: Exchange): Promise<void> {
  const container = containerOf(exchange);
  const all = { stdin: true, stdout: true, stderr: true };
  const wanted = exchange.since('1.42') ? wantedBy(exchange) : all;
  const framed = !container.record.config.Tty;
  return converse(exchange, container, wanted, (attach) =>
    takeOverAsWebsocket(exchange, framed, attach),
  );
}

function wantedBy({ query }: Exchange): AttachOptions {
  const flags = [query.flag('stdin'), query.flag('stdout'), query.flag('stderr')] as const;
  return { stdin: flags[0], stdout: flags[1], stderr: flags[2] };
}

async function converse(
  exchange: Exchange,
  container: Container,
  wanted: AttachOptions,
  /** Calls `attach` no later than the head goes out: a client that has the head may start the container. */
  takeOver: (attach: (output?: Socket) => void) => Promise<Duplex>,
): Promise<void> {
  const { engine, query, signal } = exchange;
  const options = inputOf(container, wanted);
  const detach = detachOf(engine, container, options, query.text('detachKeys') ?? '');
  const [replay, stream] = [query.flag('logs'), query.flag('stream')];
  if (!replay && !stream) throw new InvalidError('attach needs stream=1, logs=1 or both');
  if (replay) assertReadable(container);
  if (stream) assertAttachable(container);
  let attached: Promise<Duplex> | undefined;
  const client = await takeOver((output) => {
    if (!stream) return;
    // What is replayed comes first, and from here.
    attached = attachTo(
      engine,
      container,
      { ...options, output: replay ? undefined : output },
      signal,
    );
    attached.catch(() => undefined);
  });
  client.on('error', () => client.destroy());
  try {
    if (replay) await replayLog(exchange, container, wanted, client);
    if (attached) join(client, await attached, { detach });
    else part(client);
  } catch (error) {
    // It left before the two were joined: the shim is not to keep a place for it.
    attached?.then((stream) => stream.destroy()).catch(() => undefined);
    throw error;
  }
}

/** Only a terminal has keys to leave by. @throws InvalidError for keys that are none, whatever is attached to */
function detachOf(
  engine: Engine,
  container: Container,
  { stdin }: AttachOptions,
  keys: string,
): Detach | undefined {
  const sequence = detachSequence(keys);
  if (!container.record.config.Tty || !stdin) return undefined;
  return { sequence, onDetach: () => emit(engine, container, 'detach') };
}

function assertAttachable({ record, id }: Container): void {
  if (record.state.status === 'paused')
    throw new ConflictError(`container ${id} is paused, unpause the container before attach`);
  if (record.state.status === 'restarting')
    throw new ConflictError(`container ${id} is restarting, wait until the container is running`);
}

/** A container without an open stdin takes none, whatever a client asks for. */
function inputOf({ record }: Container, wanted: AttachOptions): AttachOptions {
  return { ...wanted, stdin: wanted.stdin && record.config.OpenStdin };
}

async function replayLog(
  { engine, signal }: Exchange,
  container: Container,
  { stdout, stderr }: AttachOptions,
  client: Duplex,
): Promise<void> {
  const plain = { timestamps: false, details: false };
  for await (const batch of readLog(engine, container, { stdout, stderr, follow: false }, signal))
    await writeAll(client, encode(container, batch, plain), signal);
}
