/** Newline-separated JSON as streamed by `/events`, `/images/create` and `/containers/{id}/steps`. */
import type { Readable } from 'node:stream';

/** Yields each object as soon as its line is complete; an empty line is a heartbeat. */
export async function* jsonLines<T>(source: Readable): AsyncGenerator<T> {
  let rest = '';
  source.setEncoding('utf8');
  for await (const chunk of source) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim()) yield JSON.parse(line) as T;
  }
  if (rest.trim()) yield JSON.parse(rest) as T;
}
