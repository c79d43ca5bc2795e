/**
 * `GET /containers/{id}/steps`: Petri's own. The steps that built the container, with their results; with
 * `follow=1` one line of JSON for each as it is performed.
 */
import { readSteps } from '../../container/steps-file.ts';
import type { Container } from '../../container/table.ts';
import type { Result, Step } from '../../step/step.ts';
import type { Exchange } from '../exchange.ts';
import { writeLine } from '../write.ts';
import { containerOf } from './find.ts';

export async function steps(exchange: Exchange): Promise<void> {
  const container = containerOf(exchange);
  if (exchange.query.flag('follow')) return follow(exchange, container);
  const execution = await readSteps(container);
  exchange.json({ Steps: execution?.steps ?? [], Results: execution?.results ?? [] });
}

/** What was done already, then each step as it happens, until the container has started or failed to. */
async function follow(exchange: Exchange, container: Container): Promise<void> {
  const { signal } = exchange;
  const done = await readSteps(container);
  const response = exchange.stream('application/x-ndjson');
  for (const step of done?.steps ?? []) {
    const result = done?.results.find(({ n }) => n === step.n);
    if (result) await writeLine(response, { Step: step, Result: result }, signal);
  }
  if (!done) await live(container, signal, (line) => response.write(line));
  response.end();
}

/** The steps of one start are few hundred short lines: they are written without waiting. */
function live(
  container: Container,
  signal: AbortSignal,
  write: (line: string) => void,
): Promise<void> {
  return new Promise((resolve) => {
    const onStep = (step: Step, result: Result) =>
      write(`${JSON.stringify({ Step: step, Result: result })}\n`);
    const end = () => {
      container.off('step', onStep);
      container.off('state', end);
      container.off('removed', end);
      resolve();
    };
    container.on('step', onStep);
    container.once('state', end);
    container.once('removed', end);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}
