/**
 * Lines of docker's json-file log as entries. The shim writes every line in one form, so nearly all are cut out of the
 * buffer as they are; only one with an escape in its text needs a JSON parser.
 *
 *     {"log":"…\n","stream":"stdout","time":"2026-01-02T03:04:05.123456789Z"}
 */
import type { LogEntry } from './logs.ts';

const NEWLINE = 0x0a;
const BACKSLASH = 0x5c;
const HEAD = Buffer.from('{"log":"');
const STDOUT = Buffer.from('","stream":"stdout","time":"');
const STDERR = Buffer.from('","stream":"stderr","time":"');
const TIME_LENGTH = '2026-01-02T03:04:05.123456789Z'.length;
/** Behind the text: stream, time, and `"}`. */
const TAIL_LENGTH = STDOUT.length + TIME_LENGTH + 2;

/** @param bytes whole lines, each with its newline */
export function parseLogLines(bytes: Buffer): LogEntry[] {
  const entries: LogEntry[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(NEWLINE, start);
    const line = bytes.subarray(start, end);
    const entry = cut(line) ?? parse(line);
    if (entry) entries.push(entry);
    start = end + 1;
  }
  return entries;
}

/** Undefined when the line is not plainly of the shim's form. Changes the line's bytes: a final `\n` becomes a newline. */
function cut(line: Buffer): LogEntry | undefined {
  const tail = line.length - TAIL_LENGTH;
  if (tail < HEAD.length || line.compare(HEAD, 0, HEAD.length, 0, HEAD.length) !== 0)
    return undefined;
  const stream = streamAt(line, tail);
  if (!stream) return undefined;
  const time = line.toString('latin1', line.length - 2 - TIME_LENGTH, line.length - 2);
  const escaped = line.indexOf(BACKSLASH, HEAD.length);
  if (escaped < 0 || escaped >= tail)
    return { stream, time, text: line.subarray(HEAD.length, tail) };
  if (escaped !== tail - 2 || line[tail - 1] !== 0x6e) return undefined;
  line[escaped] = NEWLINE;
  return { stream, time, text: line.subarray(HEAD.length, tail - 1) };
}

function streamAt(line: Buffer, at: number): 'stdout' | 'stderr' | undefined {
  if (line.compare(STDOUT, 0, STDOUT.length, at, at + STDOUT.length) === 0) return 'stdout';
  if (line.compare(STDERR, 0, STDERR.length, at, at + STDERR.length) === 0) return 'stderr';
  return undefined;
}

/** A line that is not whole JSON (a full disk cut it) is passed over. */
function parse(line: Buffer): LogEntry | undefined {
  try {
    const { log, stream, time } = JSON.parse(line.toString('utf8')) as Record<string, string>;
    return {
      stream: stream === 'stderr' ? 'stderr' : 'stdout',
      time: time ?? '',
      text: Buffer.from(log ?? ''),
    };
  } catch {
    return undefined;
  }
}
