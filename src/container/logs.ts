import { NotBuiltError } from '../errors/errors.ts';
import type { Engine } from './engine.ts';
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

/** Reads the log, oldest first; with `follow` ends when the container has ended and all was read. */
export async function* logs(
  _engine: Engine,
  _container: Container,
  _options: LogsOptions,
  _signal: AbortSignal,
): AsyncGenerator<LogEntry> {
  yield Promise.reject(new NotBuiltError('logs'));
}
