/** `POST /containers/{id}/start` */
import { mkdirSync, rmSync } from 'node:fs';
import { NotModifiedError } from '../errors/errors.ts';
import { errnoName } from '../kernel/ffi.ts';
import { StepFailure } from '../step/perform.ts';
import type { Result, Step } from '../step/step.ts';
import { now } from '../store/clock.ts';
import { connectAttach } from './attach.ts';
import { watchEnd } from './end.ts';
import type { Engine } from './engine.ts';
import { emit, emitNetworks, emitVolumes } from './events.ts';
import { type Executed, execute } from './execute.ts';
import type { Launched } from './launch.ts';
import { mountVolumes } from './mount-volumes.ts';
import { networksOf } from './network/asked.ts';
import { serveNames } from './network/names.ts';
import { type Prepared, prepare } from './prepare.ts';
import { release } from './release.ts';
import { remove } from './remove.ts';
import { rootIsFree } from './root.ts';
import { setState } from './set-state.ts';
import { shimPlan } from './shim-plan.ts';
import { openShimSocket, type ShimSocket } from './shim-socket.ts';
import { startError } from './start-error.ts';
import { assertTransition, isAlive } from './state.ts';
import { keepSteps } from './steps-file.ts';
import type { Container } from './table.ts';

/**
 * @param options.byPolicy its restart policy wants it, not the user: nothing happens unless it waits for that
 * @throws NotModifiedError when it is running or will be, StartError (with exit code 126/127/128) when the
 *   program could not be started; then nothing of the attempt is left
 */
export async function start(
  engine: Engine,
  container: Container,
  { byPolicy = false } = {},
): Promise<void> {
  try {
    await container.lock.run(() => startNow(engine, container, byPolicy));
  } catch (error) {
    for (const pending of container.pendingAttaches) pending.failed(error as Error);
    container.pendingAttaches.clear();
    const attempted = !isAlive(container.record.state);
    if (container.record.hostConfig.AutoRemove && attempted)
      await remove(engine, container, { force: false, volumes: true });
    throw error;
  }
}

async function startNow(engine: Engine, container: Container, byPolicy: boolean): Promise<void> {
  const isWaiting = container.record.state.status === 'restarting';
  if (byPolicy && !isWaiting) return;
  if (isWaiting && !byPolicy)
    throw new NotModifiedError(`container ${container.name} is restarting already`);
  assertTransition('start', container.record.state, container.name);
  await rootIsFree(container);
  container.stopRequested = false;
  let socket: ShimSocket | undefined;
  let prepared: Prepared | undefined;
  try {
    freshRunDir(container);
    socket = openShimSocket(container.paths.runDir);
    const clients = 1 + (await handOverAttaches(container));
    await mountVolumes(engine, container);
    prepared = prepare(engine, container);
    const launched = await executePlan(engine, container, prepared, socket, clients);
    if (launched.nameSockets)
      serveNames(engine, container, launched.nameSockets, prepared.endpoints);
    await recordRunning(engine, container, launched, { ...prepared, byPolicy });
    watchEnd(engine, container, socket.link, launched.shimPid);
    await handOverAttaches(container);
  } catch (error) {
    socket?.link.socket.destroy();
    await release(engine, container, prepared ?? { endpoints: {} });
    throw await recordFailure(container, error);
  } finally {
    socket?.closeListener();
  }
}

/** The run folder of an earlier life, if any, goes; a crash may have left one. */
function freshRunDir({ paths: { runDir } }: Container): void {
  rmSync(runDir, { recursive: true, force: true });
  mkdirSync(runDir, { mode: 0o700 });
}

/** Connects all who attached before the start, so that they see the first byte. */
async function handOverAttaches(container: Container): Promise<number> {
  const waiting = [...container.pendingAttaches];
  container.pendingAttaches.clear();
  for (const { options, connected, failed } of waiting) {
    await connectAttach(container, options).then(connected, failed);
  }
  return waiting.length;
}

async function executePlan(
  engine: Engine,
  container: Container,
  prepared: Prepared,
  socket: ShimSocket,
  clients: number,
): Promise<Executed> {
  const steps = engine.alterPlan?.(prepared.steps) ?? prepared.steps;
  const results: Result[] = [];
  const onResult = (step: Step, result: Result) => {
    results.push(result);
    container.emit('step', step, result);
  };
  const shim = shimPlan(container, clients);
  const kept = new Map([...engine.networks.slots, ['docker-init', engine.initFd]]);
  try {
    return await execute({ engine, steps, shim, socket, kept, onResult });
  } finally {
    keepSteps(engine, container, { steps, results });
  }
}

async function recordRunning(
  engine: Engine,
  container: Container,
  { pid, startTicks }: Launched,
  { endpoints, published, byPolicy }: Prepared & { byPolicy: boolean },
): Promise<void> {
  const { bootId } = engine.facts;
  const state = { status: 'running', pid, startTicks, bootId, startedAt: now() } as const;
  const anew = { restartCount: 0, restartDelayMs: 0, manuallyStopped: false };
  const networks = networksOf(container.record);
  await setState(container, state, { endpoints, published, networks, ...(byPolicy ? {} : anew) });
  emitVolumes(engine, container, 'mount');
  emitNetworks(engine, container, endpoints, 'connect');
  emit(engine, container, 'start');
}

/** A start that failed leaves the container as it was, with the exit code and the reason in its state. */
async function recordFailure(container: Container, error: unknown): Promise<unknown> {
  const { state, name } = container.record;
  const told =
    error instanceof StepFailure
      ? startError(name, error.step, error.errno, errnoName(error.errno), error.cause)
      : error;
  const exitCode = told instanceof Error && 'exitCode' in told ? Number(told.exitCode) : 128;
  const message = told instanceof Error ? told.message : String(told);
  if (state.status === 'created' || state.status === 'exited')
    await setState(container, { ...state, exitCode, error: message });
  // As docker: a policy's start that fails is the end of it.
  if (state.status === 'restarting') {
    await setState(container, { ...state, status: 'exited', exitCode, error: message });
    container.emit('exit', exitCode, message);
  }
  return told;
}
