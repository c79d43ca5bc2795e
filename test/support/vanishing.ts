/** Clients of the API that vanish in the middle, at places drawn from a seed. */
import { createConnection, type Socket } from 'node:net';

/** Numbers that look random and are the same for the same seed (Marsaglia's xorshift). */
export class Draw {
  #state: number;

  constructor(readonly seed: number) {
    this.#state = seed | 0 || 1;
  }
  /** From 0 to `below`, without it. */
  number(below: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % below;
  }
  of<T>(list: readonly T[]): T {
    return list[this.number(list.length)] as T;
  }
}

/** Within its head, right after it, before the answer is read to its end, or having spoken half a sentence. */
export const places = ['in the head', 'after the head', 'in the stream', 'while it talks'] as const;
export type Place = (typeof places)[number];

/**
 * Connects, says what a client would up to the place, and is gone: closed at once, whatever is unread or unsent.
 * @param head of a request whose connection becomes a stream, or whose answer goes on
 */
export async function vanish(
  socketPath: string,
  head: string,
  place: Place,
  draw: Draw,
): Promise<void> {
  const socket = createConnection({ path: socketPath, allowHalfOpen: true });
  socket.on('error', () => undefined);
  if (place === 'in the head') {
    await write(socket, head.slice(0, 1 + draw.number(head.length - 1)));
  } else {
    await write(socket, head);
    if (place !== 'after the head') await readSome(socket, 1 + draw.number(3));
    if (place === 'while it talks') await write(socket, 'half a sen');
  }
  if (draw.number(4) === 0) socket.end();
  socket.destroy();
}

/** Resolves also when the other side has closed. */
function write(socket: Socket, text: string): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
    socket.write(text, 'latin1', () => resolve());
  });
}

/** Up to so many pieces, or until for a moment none comes: what follows may be seldom. */
function readSome(socket: Socket, pieces: number): Promise<void> {
  const patienceMs = 20;
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, patienceMs);
    const end = () => {
      clearTimeout(timer);
      resolve();
    };
    let left = pieces;
    socket.on('data', () => {
      left--;
      if (left === 0) end();
    });
    socket.once('close', end);
  });
}
