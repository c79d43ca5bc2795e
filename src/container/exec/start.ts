/** `POST /exec/{id}/start` */
import type { Duplex } from 'node:stream';
import { ConflictError, NotFoundError } from '../../errors/errors.ts';
import type { ShimPlan } from '../../step/encode.ts';
import type { Result, Step } from '../../step/step.ts';
import { type AttachOptions, attachTo } from '../attach.ts';
import type { Engine } from '../engine.ts';
import { emit } from '../events.ts';
import { execute } from '../execute.ts';
import type { Launched } from '../launch.ts';
import { openShimSocket, type ShimSocket } from '../shim-socket.ts';
import { assertRunning, commandLine } from './create.ts';
import { recordExecEnd, watchExecEnd } from './end.ts';
import type { Exec } from './exec.ts';
import { makeExecFolder, removeExecFolder } from './folder.ts';
import { prepareExec } from './prepare.ts';
import { execError } from './start-error.ts';

/**
 * Takes the right to start it, so that nobody else does.
 * @throws ConflictError with docker's words when that has happened, or the container does not run
 */
export function claimExec(exec: Exec): void {
  assertRunning(exec.container);
  const { status } = exec.state;
  if (status === 'ended') throw new ConflictError(`Error: Exec command ${exec.id} has already run`);
  if (status !== 'created')
    throw new ConflictError(`Error: Exec command ${exec.id} is already running`);
  exec.state = { status: 'starting' };
}

/**
 * Starts an exec that was claimed, and resolves when its program runs.
 * @param attach what a client wants of it; undefined: nobody watches
 * @returns the client's stream (see attach.ts), from the first byte
 * @throws StartError with docker's words and exit code, InvalidError (unknown user), ConflictError (the container has
 *   ended); nothing of the attempt is left then
 */
export async function startExec(
  engine: Engine,
  exec: Exec,
  attach?: AttachOptions,
): Promise<Duplex | undefined> {
  emit(engine, exec.container, `exec_start: ${commandLine(exec)}`, { execID: exec.id });
  let socket: ShimSocket | undefined;
  let stream: Duplex | undefined;
  try {
    makeExecFolder(exec);
    socket = openShimSocket(exec.runDir);
    stream = attach && attachTo(exec.runDir, attach);
    const planned = exec.terminalSize;
    const launched = await executePlan(engine, exec, socket, stream ? 2 : 1);
    const { pid, startTicks } = launched;
    exec.state = { status: 'running', pid, startTicks };
    exec.emit('started');
    watchExecEnd(engine, exec, socket.link, launched.shimPid);
    // The client has its stream already, and may have changed its size meanwhile.
    if (exec.terminalSize !== planned) exec.link?.resize(...exec.terminalSize);
    return stream;
  } catch (error) {
    stream?.destroy();
    socket?.link.socket.destroy();
    removeExecFolder(exec);
    const told = execError(error);
    recordExecEnd(exec, told.exitCode);
    throw told.error;
  } finally {
    socket?.closeListener();
  }
}

async function executePlan(
  engine: Engine,
  exec: Exec,
  socket: ShimSocket,
  clients: number,
): Promise<Launched & { shimPid: number }> {
  const planned = prepareExec(engine, exec);
  const steps = engine.alterPlan?.(planned) ?? planned;
  const results: Result[] = [];
  exec.execution = { steps, results };
  const onResult = (step: Step, result: Result) => {
    results.push(result);
    exec.emit('step', step, result);
  };
  const shim = shimPlanOf(exec, clients);
  return execute({ engine, steps, shim, socket, kept: new Map(), onResult });
}

/** An exec has no log: what nobody is attached for is lost. */
function shimPlanOf({ id, config, terminalSize }: Exec, clients: number): ShimPlan {
  const [rows, columns] = terminalSize;
  return {
    id,
    logPath: '',
    logMaxBytes: 0,
    logMaxFiles: 1,
    clients,
    terminal: config.Tty,
    stdinOpen: config.AttachStdin,
    stdinOnce: true,
    rows,
    columns,
  };
}

/** Sets the terminal's size in characters. Before start it is kept for the start. */
export function resizeExec(exec: Exec, rows: number, columns: number): void {
  if (exec.state.status === 'ended') throw new NotFoundError(`no such exec: ${exec.id} has ended`);
  exec.terminalSize = [rows, columns];
  exec.link?.resize(rows, columns);
}
