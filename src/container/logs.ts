/** Reading a container's log: docker's json-file lines, oldest first, following it if asked. */

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
 * With `follow` it ends when the container has ended and all was read, when an entry is later than `until`, or when
 * `signal` aborts.
 */
export async function* logs(
  _engine: Engine,
  container: Container,
  options: LogsOptions,
  signal: AbortSignal,
): AsyncGenerator<LogEntry> {
  const files = await LogFiles.open(container.paths.log);
  const changed = options.follow ? watchChanges(files, container, signal) : undefined;
  try {
    yield* lastOf(wanted(files.read(), options), options.tail);
    while (changed && !signal.aborted) {
      const ended = !isAlive(container.record.state) && container.record.state.status !== 'created';
      for await (const entry of wanted(files.read(), options)) yield entry;
      if (ended || (options.until !== undefined && Date.now() / 1000 > options.until)) break;
      await changed.next();
    }
  } finally {
    changed?.stop();
    await files.close();
  }
}

async function* wanted(
  entries: AsyncIterable<LogEntry>,
  options: LogsOptions,
): AsyncGenerator<LogEntry> {
  for await (const entry of entries) {
    if (!options[entry.stream]) continue;
    if (options.since !== undefined || options.until !== undefined) {
      const seconds = secondsOf(entry.time);
      if (options.since !== undefined && seconds < options.since) continue;
      if (options.until !== undefined && seconds > options.until) return;
    }
    yield entry;
  }
}

/** With its fraction, read as the query's is: a moment that a client took from the log means that very entry. */
function secondsOf(time: string): number {
  return Number(`${Date.parse(`${time.slice(0, 19)}Z`) / 1000}.${time.slice(20, -1) || '0'}`);
}

async function* lastOf(
  entries: AsyncIterable<LogEntry>,
  count: number | undefined,
): AsyncGenerator<LogEntry> {
  if (count === undefined) return yield* entries;
  let kept: LogEntry[] = [];
  for await (const entry of entries) {
    kept.push(entry);
    if (kept.length > 2 * count + 1024) kept = kept.slice(-count || kept.length);
  }
  yield* count === 0 ? [] : kept.slice(-count);
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
