/**
 * Caller and container connected: stdin to the one side, output to the other, until the container
 * closes it or the caller leaves by the detach keys.
 */
import type { Socket } from 'node:net';
import { PassThrough, type Transform } from 'node:stream';
import { DetachFilter, defaultDetachKeys, parseDetachKeys } from '../../api/client/detach.ts';
import { copyRaw, demultiplex } from '../../api/client/frames.ts';
import type { Session } from '../session.ts';
import { enterRawMode } from './raw.ts';

export interface ConversationOptions {
  readonly stdin: boolean;
  readonly tty: boolean;
  readonly detachKeys?: string | undefined;
  /** Output is shown only from here on. */
  readonly after?: Promise<unknown>;
}

/** What docker's attach and exec say when they were left; run and start say nothing. */
export const LEFT = 'read escape sequence';

export type Ending = 'ended' | 'detached';

/**
 * Runs the conversation; terminal and stdin are as before when it resolves.
 * @param connection what `attach` gave
 */
export async function converse(
  session: Session,
  connection: Socket,
  options: ConversationOptions,
): Promise<Ending> {
  const keys = parseDetachKeys(options.detachKeys || defaultDetachKeys);
  const { stdin } = session.streams;
  const restore = options.tty && options.stdin && stdin.isTTY ? enterRawMode(stdin) : undefined;
  try {
    let input: Transform | undefined;
    const detached = new Promise<Ending>((resolve) => {
      if (!options.stdin) return;
      input = options.tty ? new DetachFilter(keys, () => resolve('detached')) : new PassThrough();
      sendInput(session, input, connection);
    });
    const output = Promise.resolve(options.after).then(() => receive(session, connection, options));
    const ending = await Promise.race([output.then((): Ending => 'ended'), detached]);
    if (input) stdin.unpipe(input);
    return ending;
  } finally {
    stdin.pause();
    restore?.();
    connection.destroy();
  }
}

function sendInput(session: Session, input: Transform, connection: Socket): void {
  const { stdin } = session.streams;
  stdin.on('error', () => input.end()); // the terminal is gone: its end is the container's end of input
  stdin.pipe(input).pipe(connection);
}

async function receive(
  session: Session,
  connection: Socket,
  { tty }: ConversationOptions,
): Promise<void> {
  try {
    await (tty
      ? copyRaw(connection, session.streams.stdout)
      : demultiplex(connection, session.streams));
  } catch (error) {
    // Input to a container that has ended: all that it had to say is here.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EPIPE' && code !== 'ECONNRESET' && code !== 'ERR_STREAM_PREMATURE_CLOSE')
      throw error;
  }
}
