/** Archives over HTTP, both ways. */
import type { IncomingMessage } from 'node:http';
import type { Exchange } from './exchange.ts';
import { writeAll } from './write.ts';

/**
 * Sends an archive as it is made. The head goes out with the first bytes: what fails before them still has its
 * status; what fails after breaks the connection, so that nobody takes a part for the whole.
 */
export async function sendArchive(
  { response, signal }: Exchange,
  archive: AsyncGenerator<Buffer>,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  try {
    const first = await archive.next();
    response.writeHead(200, { 'Content-Type': 'application/x-tar', ...headers });
    if (!first.done) await writeAll(response, first.value, signal);
    for await (const chunk of archive) await writeAll(response, chunk, signal);
    response.end();
  } finally {
    await archive.return(undefined);
  }
}

/** The body, as bytes. What does not read it to its end leaves the connection whole: the answer goes over it. */
export function bodyOf(request: IncomingMessage): AsyncIterable<Buffer> {
  return { [Symbol.asyncIterator]: () => request.iterator({ destroyOnReturn: false }) };
}
