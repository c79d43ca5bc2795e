/**
 * A container in the foreground, in docker's order: attach, wait, start, converse, exit code. Attached
 * before it starts, no output is missed; waited for before it starts, no exit is.
 */
import type { Client } from '../../api/client/client.ts';
import type { WaitCondition } from '../../api/client/containers.ts';
import type { WaitAnswer } from '../../api/client/types.ts';
import { CommandError } from '../errors.ts';
import type { Session } from '../session.ts';
import { converse, type Ending } from './conversation.ts';
import { passSignals } from './signals.ts';
import { followSize, redraw } from './size.ts';

export interface ForegroundOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
  readonly detachKeys: string | undefined;
  readonly passesSignals: boolean;
  readonly condition: WaitCondition;
  /** Starts it, once all is connected; left out when it runs already. Its error ends everything. */
  readonly start?: () => Promise<void>;
  /** Output is shown only from here on. */
  readonly after?: Promise<unknown>;
  /** Thrown when the caller detaches; without it that is no error. */
  readonly detached?: CommandError;
}

/**
 * @returns the program's exit code, 0 when the caller has detached
 * @throws what `start` throws, ApiError, CommandError, `detached`
 */
export async function inForeground(
  session: Session,
  client: Client,
  id: string,
  options: ForegroundOptions,
): Promise<number> {
  const { stdin, stdout, stderr, detachKeys, tty } = options;
  const query = { stream: true, stdin, stdout, stderr, detachKeys };
  const connection = await client.containers.attach(id, query);
  const { exit } = await client.containers.wait(id, options.condition);
  const { promise: started, resolve: hasStarted } = deferred();
  const stopSignals = options.passesSignals ? passSignals(client, id, started) : nothing;
  const conversation = converse(session, connection, options);
  const resize = (rows: number, columns: number) => client.containers.resize(id, rows, columns);
  let stopSize = nothing;
  try {
    await options.start?.().catch(async (error: unknown) => {
      connection.destroy();
      // with --rm the engine is still removing it: whoever comes next finds its name free
      const removed = options.condition === 'removed' ? [exit] : [];
      await Promise.allSettled([conversation, options.after, ...removed]);
      throw error;
    });
    hasStarted();
    if (tty && !options.start) await redraw(resize, session.streams.stdout);
    if (tty) stopSize = followSize(resize, session.streams.stdout);
    if (!stdout && !stderr) session.print(id);
    const ending = await conversation;
    if (ending === 'detached' && options.detached) throw options.detached;
    return await exitCodeOf(ending, exit);
  } finally {
    stopSignals();
    stopSize();
  }
}

const nothing = (): void => undefined;

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = nothing;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

async function exitCodeOf(ending: Ending, exit: Promise<WaitAnswer>): Promise<number> {
  if (ending === 'detached') return 0;
  const answer = await exit;
  if (answer.Error?.Message) throw new CommandError(answer.Error.Message, 125);
  return answer.StatusCode;
}
