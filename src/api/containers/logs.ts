/** `GET /containers/{id}/logs`, and the replay of the log before an attach. */
import {
  assertReadable,
  type LogEntry,
  type LogsOptions,
  logs as readLog,
} from '../../container/logs.ts';
import type { Container } from '../../container/table.ts';
import { InvalidError } from '../../errors/errors.ts';
import type { Exchange } from '../exchange.ts';
import { frame, multiplexedStream, rawStream } from '../frames.ts';
import { writeAll } from '../write.ts';
import { containerOf } from './find.ts';

export async function logs(exchange: Exchange): Promise<void> {
  const { engine, query, signal } = exchange;
  const container = containerOf(exchange);
  const options = logsOptions(exchange);
  assertReadable(container);
  const show = { timestamps: query.flag('timestamps'), details: query.flag('details') };
  const entries = readLog(engine, container, options, signal);
  // The first entry is awaited before the head is sent, so that an error still has its status.
  const first = options.follow ? undefined : await entries.next();
  const response = exchange.stream(contentType(exchange, container));
  if (first && !first.done) await writeAll(response, encode(container, first.value, show), signal);
  if (!first?.done)
    for await (const batch of entries)
      await writeAll(response, encode(container, batch, show), signal);
  response.end();
}

/** Raw for a terminal and for old clients' eyes; framed streams have a type of their own since API 1.42. */
export function contentType(exchange: Exchange, container: Container): string {
  const framed = !container.record.config.Tty;
  return framed && exchange.since('1.42') ? multiplexedStream : rawStream;
}

interface Show {
  timestamps: boolean;
  details: boolean;
}

/** A frame holds what follows on the same stream, up to this: a client writes each frame by a call of its own. */
const FRAME_BYTES = 64 * 1024;

/** Entries as their bytes on the wire. */
export function encode({ record }: Container, batch: readonly LogEntry[], show: Show): Buffer {
  const lines = batch.map((entry) => withPrefix(entry, show));
  if (record.config.Tty) return Buffer.concat(lines);
  const frames: Buffer[] = [];
  for (let start = 0; start < batch.length; ) {
    const end = endOfRun(batch, start);
    const { stream } = batch[start] as LogEntry;
    frames.push(frame(stream, Buffer.concat(lines.slice(start, end))));
    start = end;
  }
  return Buffer.concat(frames);
}

/** Behind the last entry of the same stream that still fits into one frame. */
function endOfRun(batch: readonly LogEntry[], start: number): number {
  const stream = batch[start]?.stream;
  let bytes = 0;
  for (let at = start; at < batch.length; at++) {
    const entry = batch[at] as LogEntry;
    bytes += entry.text.length;
    if (at > start && (entry.stream !== stream || bytes > FRAME_BYTES)) return at;
  }
  return batch.length;
}

function withPrefix({ time, text }: LogEntry, { timestamps, details }: Show): Buffer {
  const prefix = `${timestamps ? `${time} ` : ''}${details ? ' ' : ''}`;
  return prefix ? Buffer.concat([Buffer.from(prefix), text]) : text;
}

function logsOptions({ query }: Exchange): LogsOptions {
  const streams = { stdout: query.flag('stdout'), stderr: query.flag('stderr') };
  if (!streams.stdout && !streams.stderr)
    throw new InvalidError('Bad parameters: you must choose at least one stream');
  const tail = tailOf(query.text('tail'));
  const [since, until] = [query.time('since'), query.time('until')];
  return {
    ...streams,
    follow: query.flag('follow'),
    ...(tail === undefined ? {} : { tail }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  };
}

/** Undefined is all: dockerd takes whatever is no count so. */
function tailOf(text = ''): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
