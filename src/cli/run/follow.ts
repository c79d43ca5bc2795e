/** `run --explain`, `exec --explain`: each step as it is performed, on stderr. `GET /containers/{id}/steps?follow=1` */
import { ApiError } from '../../api/client/errors.ts';
import type { StepLine } from '../../api/client/types.ts';
import type { Explained } from '../../explain/phases.ts';
import { renderStepLine } from '../../explain/steps.ts';
import { textOptions } from '../commands/explain.ts';
import { CommandError } from '../errors.ts';
import type { Session } from '../session.ts';

export interface Following {
  /** All steps are shown. */
  readonly done: Promise<void>;
}

/**
 * @param follow asks the engine for the steps
 * @param format `text`, `json`, or undefined for none
 */
export async function followSteps(
  session: Session,
  follow: () => Promise<AsyncIterable<StepLine>>,
  format: string | undefined,
  of: Explained = 'container',
): Promise<Following> {
  if (format === undefined) return { done: Promise.resolve() };
  const lines = await follow().catch((error: unknown) => {
    if (error instanceof ApiError && error.status === 404)
      throw new CommandError('this engine does not tell its steps; --explain needs Petri', 125);
    throw error;
  });
  return { done: show(session, lines, format, of) };
}

async function show(
  session: Session,
  lines: AsyncIterable<StepLine>,
  format: string,
  of: Explained,
): Promise<void> {
  const { stderr } = session.streams;
  const options = { ...textOptions(stderr, session.environment), of };
  let previous: StepLine['Step'] | null = null;
  for await (const line of lines) {
    const { Step: step, Result: result } = line;
    const text =
      format === 'json'
        ? JSON.stringify(line)
        : renderStepLine(step, result, { ...options, previous });
    stderr.write(`${text}\n`);
    previous = step;
  }
}
