/**
 * Executes a plan: the supervisor's steps here, the rest in the shim, and waits until the user's program
 * runs or a step has failed. On failure everything is taken back before the error is thrown.
 */

import { SystemError } from '../errors/errors.ts';
import { errnoName } from '../kernel/ffi.ts';
import { type Handlers, perform, type Slots, StepFailure, unwind } from '../step/perform.ts';
import type { Result, Step } from '../step/step.ts';
import type { ShimLink } from './shim-link.ts';

export interface Launch {
  steps: readonly Step[];
  handlers: Handlers;
  slots: Slots;
  link: ShimLink;
  onResult: (step: Step, result: Result) => void;
}

export interface Launched {
  pid: number;
  startTicks: number;
}

/**
 * @throws StepFailure; nothing of the attempt is left then
 */
export async function launch({
  steps,
  handlers,
  slots,
  link,
  onResult,
}: Launch): Promise<Launched> {
  const own = steps.filter(({ actor }) => actor === 'supervisor');
  const outcome = shimOutcome(steps, link, onResult);
  outcome.catch(() => undefined);
  perform(own, { handlers, slots, onResult });
  try {
    return await outcome;
  } catch (error) {
    unwind(own, { handlers, slots });
    throw error;
  }
}

/** Settles when the shim says `running` or `failed`, or is gone. */
function shimOutcome(
  steps: readonly Step[],
  link: ShimLink,
  onResult: Launch['onResult'],
): Promise<Launched> {
  const byNumber = new Map(steps.map((step) => [step.n, step]));
  return new Promise((resolve, reject) => {
    link.on('step', ({ result }) => {
      const step = byNumber.get(result.n);
      if (step) onResult(step, result);
    });
    link.once('running', ({ pid, startTicks }) => resolve({ pid, startTicks }));
    link.once('failed', ({ n, errno }) => {
      const step = byNumber.get(n);
      reject(
        step
          ? new StepFailure(step, errno, { cause: undefined })
          : new SystemError(
              `the shim could not begin: ${errnoName(errno)} while it opened the log or read the plan`,
            ),
      );
    });
    link.once('close', () => {
      if (link.running) return;
      reject(
        new SystemError(
          'the shim ended before it had started the program: see the kernel log for a kill',
        ),
      );
    });
  });
}
