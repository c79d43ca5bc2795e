/** `POST /containers/{id}/attach`: the connection becomes the container's terminal or pipes. */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type AttachOptions, attach as attachTo } from '../../container/attach.ts';
import { logs as readLog } from '../../container/logs.ts';
import type { Container } from '../../container/table.ts';
import { ConflictError, InvalidError } from '../../errors/errors.ts';
import type { Exchange } from '../exchange.ts';
import { writeAll } from '../write.ts';
import { containerOf } from './find.ts';
import { contentType, encode } from './logs.ts';

/** How long a client that goes on talking is listened to after the end. */
const LINGER_MS = 1000;

export async function attach(exchange: Exchange): Promise<void> {
  const { engine, query, signal } = exchange;
  const container = containerOf(exchange);
  const wanted = {
    stdin: query.flag('stdin'),
    stdout: query.flag('stdout'),
    stderr: query.flag('stderr'),
  };
  const [replay, stream] = [query.flag('logs'), query.flag('stream')];
  if (!replay && !stream) throw new InvalidError('attach needs stream=1, logs=1 or both');
  if (stream) assertAttachable(container);
  // Registered before the head goes out: a client that has the head may start the container.
  const attached = stream
    ? attachTo(engine, container, inputOf(container, wanted), signal)
    : undefined;
  attached?.catch(() => undefined);
  const client = exchange.takeOver(contentType(exchange, container));
  client.on('error', () => client.destroy());
  if (replay) await replayLog(exchange, container, wanted, client);
  if (attached) join(client, await attached);
  else client.destroySoon();
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
  client: Socket,
): Promise<void> {
  const plain = { timestamps: false, details: false };
  for await (const batch of readLog(engine, container, { stdout, stderr, follow: false }, signal))
    await writeAll(client, encode(container, batch, plain), signal);
}

/**
 * Bytes untouched both ways, each direction ended on its own; when one side breaks, the other goes too.
 * @param over the client hears of the stream's end only after this
 */
export function join(
  client: Socket,
  stream: Duplex,
  over: Promise<unknown> = Promise.resolve(),
): void {
  if (client.destroyed) {
    stream.destroy();
    return;
  }
  stream.on('error', () => client.destroy());
  const end = () => void over.then(() => client.end());
  stream.on('close', end);
  client.on('close', () => stream.destroy());
  client.pipe(stream);
  stream.pipe(client, { end: false });
  // The container's output has ended: what the client would still type has no reader.
  const ended = () => {
    end();
    client.unpipe(stream);
    client.resume();
    // Closing at once over bytes that still come would be a reset to the client, in place of the end.
    client.on('finish', () => setTimeout(() => client.destroy(), LINGER_MS).unref());
  };
  // A program that prints nothing and ends at once has ended already.
  if (stream.readableEnded || stream.destroyed) ended();
  else stream.on('end', ended);
}
