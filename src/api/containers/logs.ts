/** `GET /containers/{id}/logs`, and the replay of the log before an attach. */
import { type LogEntry, type LogsOptions, logs as readLog } from '../../container/logs.ts';
import type { Container } from '../../container/table.ts';
import { InvalidError, NotBuiltError } from '../../errors/errors.ts';
import type { Exchange } from '../exchange.ts';
import { frame, multiplexedStream, rawStream } from '../frames.ts';
import { writeAll } from '../write.ts';
import { containerOf } from './find.ts';

export async function logs(exchange: Exchange): Promise<void> {
  const { engine, query, signal } = exchange;
  const container = containerOf(exchange);
  const options = logsOptions(exchange);
  if (container.record.hostConfig.LogConfig.Type === 'none')
    throw new NotBuiltError('configured logging driver does not support reading');
  const show = { timestamps: query.flag('timestamps'), details: query.flag('details') };
  const entries = readLog(engine, container, options, signal);
  // The first entry is awaited before the head is sent, so that an error still has its status.
  const first = options.follow ? undefined : await entries.next();
  const response = exchange.stream(contentType(exchange, container));
  if (first && !first.done) await writeAll(response, encode(container, first.value, show), signal);
  if (!first?.done)
    for await (const entry of entries)
      await writeAll(response, encode(container, entry, show), signal);
  response.end();
}

/** Raw for a terminal and for old clients' eyes; framed streams have a type of their own since API 1.42. */
export function contentType(exchange: Exchange, container: Container): string {
  const framed = !container.record.config.Tty;
  return framed && exchange.since('1.42') ? multiplexedStream : rawStream;
}

/** One entry as its bytes on the wire. */
export function encode(
  { record }: Container,
  entry: LogEntry,
  show: { timestamps: boolean; details: boolean },
): Buffer {
  const prefix = `${show.timestamps ? `${entry.time} ` : ''}${show.details ? ' ' : ''}`;
  const line = prefix ? Buffer.concat([Buffer.from(prefix), entry.text]) : entry.text;
  return record.config.Tty ? line : frame(entry.stream, line);
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

/** Undefined is all: dockerd takes `all`, and a negative number, so. */
function tailOf(text: string | undefined): number | undefined {
  if (text === undefined || text === '' || text === 'all' || /^-\d{1,15}$/.test(text))
    return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidError(
    `invalid value for tail: ${JSON.stringify(text)} is neither a number nor "all"`,
  );
}
