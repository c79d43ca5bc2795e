/**
 * Performs the supervisor's steps, in order and synchronously: a hop into another namespace must not
 * be interleaved with anything else. When a step fails those before it are undone in reverse.
 */
import { KernelError } from '../errors/errors.ts';
import { type Arg, type Args, type Call, isSlot, type Result, type Step } from './step.ts';

/** Descriptors by slot name. */
export type Slots = Map<string, number>;

/** Performs one kind of call; returns what the call returned (a descriptor for a call with `out`). */
export type Handler = (args: Args, slots: Slots) => number;
export type Handlers = Readonly<Record<string, Handler>>;

export interface Performance {
  handlers: Handlers;
  slots: Slots;
  /** Told of each step after it was tried. */
  onResult: (step: Step, result: Result) => void;
}

/** A step of the list failed; everything done before it has been undone. */
export class StepFailure extends Error {
  constructor(
    readonly step: Step,
    readonly errno: number,
    options?: ErrorOptions,
  ) {
    super(`step ${step.n} ${step.call}`, options);
    this.name = 'StepFailure';
  }
}

/**
 * @throws StepFailure with the KernelError as cause, after unwinding
 */
export function perform(steps: readonly Step[], performance: Performance): void {
  const done: Step[] = [];
  for (const step of steps) {
    try {
      performOne(step, performance);
    } catch (error) {
      unwind(done, performance);
      throw error;
    }
    done.push(step);
  }
}

function performOne(step: Step, { handlers, slots, onResult }: Performance): void {
  const startNs = monotonicNs();
  const report = (ret: number, errno: number) =>
    onResult(step, { n: step.n, ret, errno, startNs, durationNs: monotonicNs() - startNs });
  try {
    report(run(step, handlers, slots), 0);
  } catch (error) {
    const errno = error instanceof KernelError ? error.errno : 0;
    if (error instanceof KernelError && step.accept === error.code) {
      report(0, 0);
      return;
    }
    report(-1, errno);
    throw new StepFailure(step, errno, { cause: error });
  }
}

/** Takes back the given steps, last first. What cannot be taken back is passed over: the rest still must be. */
export function unwind(
  done: readonly Step[],
  performance: Pick<Performance, 'handlers' | 'slots'>,
): Error[] {
  const failures: Error[] = [];
  for (const step of done.toReversed()) {
    if (!step.undo) continue;
    try {
      run(step.undo, performance.handlers, performance.slots);
    } catch (error) {
      failures.push(error as Error);
    }
  }
  return failures;
}

function run({ call, args }: Call, handlers: Handlers, slots: Slots): number {
  const handler = handlers[call];
  if (!handler) throw new TypeError(`no such call: ${call}`);
  const ret = handler(resolveSlots(args, slots) as Args, slots);
  if (isSlot(args.out)) slots.set(args.out.slot, ret);
  if (call === 'close' && isSlot(args.fd)) slots.delete(args.fd.slot);
  return ret;
}

/** Replaces every `{slot}` but `out` by its descriptor, also inside nested objects. */
function resolveSlots(arg: Arg, slots: Slots): Arg {
  if (isSlot(arg)) {
    const fd = slots.get(arg.slot);
    if (fd === undefined) throw new TypeError(`slot ${arg.slot} is empty`);
    return fd;
  }
  if (typeof arg !== 'object' || arg === null || Array.isArray(arg) || arg instanceof Uint8Array)
    return arg;
  return Object.fromEntries(
    Object.entries(arg).map(([key, value]) => [
      key,
      key === 'out' ? value : resolveSlots(value as Arg, slots),
    ]),
  );
}

function monotonicNs(): number {
  return Number(process.hrtime.bigint());
}
