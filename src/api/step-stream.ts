/** Steps with their results, as one answer or as lines of JSON while they are performed. */
import type { Execution } from '../container/steps-file.ts';
import type { Result, Step } from '../step/step.ts';
import type { Exchange } from './exchange.ts';
import { writeLine } from './write.ts';

/** Calls back for each step, and once when there is none to come; the result stops that. */
export type Listen = (
  onStep: (step: Step, result: Result) => void,
  onEnd: () => void,
) => () => void;

/**
 * What was done already, then each step as it happens, until the program runs or could not be started.
 * @param listen undefined: nothing more is to come
 */
export async function followSteps(
  exchange: Exchange,
  done: Execution | undefined,
  listen: Listen | undefined,
): Promise<void> {
  const { signal } = exchange;
  const response = exchange.stream('application/x-ndjson');
  for (const step of done?.steps ?? []) {
    const result = done?.results.find(({ n }) => n === step.n);
    if (result) await writeLine(response, { Step: step, Result: result }, signal);
  }
  if (listen) await live(listen, signal, (line) => response.write(line));
  response.end();
}

/** The steps of one start are few hundred short lines: they are written without waiting. */
function live(listen: Listen, signal: AbortSignal, write: (line: string) => void): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      stop();
      resolve();
    };
    const stop = listen(
      (step, result) => write(`${JSON.stringify({ Step: step, Result: result })}\n`),
      end,
    );
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}
