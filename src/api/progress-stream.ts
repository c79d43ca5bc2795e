/** Answers that tell how something comes along, a JSON object a line; docker's pkg/streamformatter writes the same. */
import type { ProgressLine, Report } from '../image/progress.ts';
import { progressBar } from './client/progress-bar.ts';
import type { Exchange } from './exchange.ts';
import { answerFor } from './status.ts';

/**
 * The head goes out with the first line: what fails before it has its status; what fails after is the last line, since a
 * status can no longer be sent.
 * @param work its promise ends the answer
 */
export async function withProgress(
  { engine, response, signal }: Exchange,
  work: (report: Report) => Promise<void>,
): Promise<void> {
  const send = (line: ProgressLine) => {
    if (!response.headersSent) response.writeHead(200, { 'Content-Type': 'application/json' });
    response.write(`${JSON.stringify({ ...line, ...shownProgress(line) })}\r\n`);
  };
  try {
    await work(send);
  } catch (error) {
    if (!response.headersSent || signal.aborted) throw error;
    const { message } = answerFor(error);
    engine.log.warn({ error }, 'a transfer failed');
    send({ errorDetail: { message }, error: message });
  }
  if (!response.headersSent) response.writeHead(200, { 'Content-Type': 'application/json' });
  response.end();
}

/** For clients that show the text as it is. */
function shownProgress({ progressDetail }: ProgressLine): { progress?: string } {
  const { current, total } = progressDetail ?? {};
  return current === undefined ? {} : { progress: progressBar(current, total ?? 0) };
}
