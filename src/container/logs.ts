/** Reading a container's log: docker's json-file lines, oldest first, following it if asked. */

import { NotBuiltError } from '../errors/errors.ts';
import type { Engine } from './engine.ts';
import { LogFiles } from './log-files.ts';
import { isAlive } from './state.ts';
import type { Container } from './table.ts';

export interface LogsOptions {
  stdout: boolean;
  stderr: boolean;
  follow: boolean;
  /** Number of last lines, or undefined for all. */
  tail?: number;
  /** Unix time in seconds, with fraction. */
  since?: number;
  until?: number;
}

export interface LogEntry {
  stream: 'stdout' | 'stderr';
  /** RFC 3339 with nanoseconds, as the shim wrote it. */
  time: string;
  /** With its newline, unless it is a partial line. */
  text: Buffer;
}

/**
 * Yields entries in batches, about as many as a chunk of the file holds.
 *
 * With `follow` it ends when the container has ended and all was read, when an entry is later than `until`, or when
 * `signal` aborts.
 */
export async function* logs(
  _engine: Engine,
  container: Container,
  options: LogsOptions,
  signal: AbortSignal,
): AsyncGenerator<LogEntry[]> {
  const files = await LogFiles.open(container.paths.log, linesFromEnd(options));
  const changed = options.follow ? watchChanges(files, container, signal) : undefined;
  try {
    yield* lastOf(wanted(files.read(), options), options.tail);
    while (changed && !signal.aborted) {
      const ended = isOver(container);
      yield* wanted(files.read(), options);
      if (ended || (options.until !== undefined && Date.now() / 1000 > options.until)) break;
      await changed.next();
    }
  } finally {
    changed?.stop();
    await files.close();
  }
}

/** @throws NotBuiltError with docker's words and status when nothing is kept */
export function assertReadable({ record }: Container): void {
  if (record.hostConfig.LogConfig.Type === 'none')
    throw new NotBuiltError('configured logging driver does not support reading');
}

function isOver({ record: { state } }: Container): boolean {
  return !isAlive(state) && state.status !== 'created';
}

/** Every line counts only when nothing is left out; else all must be read to find the last ones. */
function linesFromEnd({ tail, stdout, stderr, since, until }: LogsOptions): number | undefined {
  return stdout && stderr && since === undefined && until === undefined ? tail : undefined;
}

async function* wanted(
  batches: AsyncIterable<LogEntry[]>,
  options: LogsOptions,
): AsyncGenerator<LogEntry[]> {
  const { stdout, stderr, since = -Infinity, until = Infinity } = options;
  const timed = options.since !== undefined || options.until !== undefined;
  for await (const batch of batches) {
    if (stdout && stderr && !timed) yield batch;
    else
      yield batch.filter(({ stream, time }) => {
        if (!options[stream]) return false;
        if (!timed) return true;
        const seconds = secondsOf(time);
        return seconds >= since && seconds <= until;
      });
  }
}

/** With its fraction, read as the query's is: a moment that a client took from the log means that very entry. */
function secondsOf(time: string): number {
  return Number(`${Date.parse(`${time.slice(0, 19)}Z`) / 1000}.${time.slice(20, -1) || '0'}`);
}

async function* lastOf(
  batches: AsyncIterable<LogEntry[]>,
  count: number | undefined,
): AsyncGenerator<LogEntry[]> {
  if (count === undefined) return yield* batches;
  let kept: LogEntry[] = [];
  for await (const batch of batches) {
    kept = kept.concat(batch);
    if (kept.length > count) kept = kept.slice(kept.length - count);
  }
  yield kept;
}

/** Wakes the reader when the log grew, the container's state changed, or the reader gives up. */
function watchChanges(files: LogFiles, container: Container, signal: AbortSignal) {
  let wake: () => void = () => undefined;
  let pending = false;
  const notify = () => {
    pending = true;
    wake();
  };
  const stopWatching = files.onChange(notify);
  container.on('state', notify);
  container.on('removed', notify);
  signal.addEventListener('abort', notify);
  return {
    async next(): Promise<void> {
      if (!pending) await new Promise<void>((resolve) => (wake = resolve));
      pending = false;
    },
    stop(): void {
      stopWatching();
      container.off('state', notify);
      container.off('removed', notify);
      signal.removeEventListener('abort', notify);
    },
  };
}
