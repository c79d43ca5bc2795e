/** One attempt at a plan, of a container or of an exec: whatever comes of it, no descriptor of it stays open here. */
import { reap } from '../kernel/spawn.ts';
import { takeNameSockets } from '../network/names/reopen.ts';
import type { NameSockets } from '../network/names/server.ts';
import type { ShimPlan } from '../step/encode.ts';
import type { Slots } from '../step/perform.ts';
import type { Result, Step } from '../step/step.ts';
import { closeOwn, handlersFor } from './calls.ts';
import type { Engine } from './engine.ts';
import { type Launched, launch } from './launch.ts';
import type { ShimSocket } from './shim-socket.ts';

export interface Attempt {
  engine: Engine;
  steps: readonly Step[];
  shim: ShimPlan;
  socket: ShimSocket;
  /** Descriptors that the steps may use and that stay open. */
  kept: ReadonlyMap<string, number>;
  onResult: (step: Step, result: Result) => void;
}

export interface Executed extends Launched {
  shimPid: number;
  /** Of the container's name service, if the steps opened them: whoever asked for the attempt closes them. */
  nameSockets: NameSockets | undefined;
}

/**
 * Resolves when the user's program runs.
 * @throws StepFailure, SystemError; then everything has been taken back and the shim is gone
 */
export async function execute(attempt: Attempt): Promise<Executed> {
  const { steps, socket, kept } = attempt;
  const slots: Slots = new Map(kept);
  let shimPid = -1;
  const onResult = (step: Step, result: Result) => {
    if (step.call === 'posix_spawn') shimPid = result.ret;
    attempt.onResult(step, result);
  };
  try {
    const handlers = handlersFor(attempt);
    const launched = await launch({ steps, handlers, slots, link: socket.link, onResult });
    return { ...launched, shimPid, nameSockets: takeNameSockets(slots) };
  } catch (error) {
    if (shimPid > 0) await reap(shimPid);
    throw error;
  } finally {
    closeOwn(slots, kept);
  }
}
