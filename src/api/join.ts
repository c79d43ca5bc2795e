/** A client's connection and a shim's become one: bytes go untouched both ways. */
import type { Duplex } from 'node:stream';
import { DetachFilter } from './client/detach.ts';

/** How long a client that goes on talking is listened to after the end. */
const LINGER_MS = 1000;

/** What a client types to leave a terminal whose program goes on. */
export interface Detach {
  /** The bytes of its keys, at least one. */
  sequence: readonly number[];
  onDetach: () => void;
}

export interface JoinOptions {
  /** The client hears of the stream's end only after this. */
  over?: Promise<unknown>;
  /** Undefined: all that the client sends is the program's. */
  detach?: Detach | undefined;
}

/** Each direction ends on its own; when one side breaks, the other goes too. */
export function join(client: Duplex, stream: Duplex, options: JoinOptions = {}): void {
  const { over = Promise.resolve(), detach } = options;
  if (client.destroyed) {
    stream.destroy();
    return;
  }
  stream.on('error', () => client.destroy());
  stream.on('close', () => void over.then(() => client.end()));
  client.on('close', () => stream.destroy());
  if (detach) pipeUntilDetached(client, stream, detach);
  else client.pipe(stream);
  stream.pipe(client, { end: false });
  // The container's output has ended: what the client would still type has no reader.
  const ended = async () => {
    client.unpipe();
    client.resume();
    await over;
    part(client);
  };
  // A program that prints nothing and ends at once has ended already.
  if (stream.readableEnded || stream.destroyed) void ended();
  else stream.on('end', ended);
}

/** With the keys typed, the client's stream ends; what was typed before them still arrives. */
function pipeUntilDetached(client: Duplex, stream: Duplex, { sequence, onDetach }: Detach): void {
  const filter = new DetachFilter(sequence, () => {
    client.unpipe();
    stream.unpipe();
    stream.on('finish', () => stream.destroy());
    filter.end();
    onDetach();
    part(client);
  });
  client.pipe(filter).pipe(stream);
}

/** Ends a client's stream. Closing at once over bytes that still come would be a reset to it, in place of the end. */
export function part(client: Duplex): void {
  client.end();
  client.resume();
  const leave = () => setTimeout(() => client.destroy(), LINGER_MS).unref();
  if (client.writableFinished) leave();
  else client.on('finish', leave);
}
