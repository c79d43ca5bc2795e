/**
 * The end of a container: told by its shim, read from the exit record, or found out. Exactly one of these
 * makes it `exited`, with the true exit code, or 255 and a reason when nobody knows.
 */
import { readFile } from 'node:fs/promises';
import { NotFoundError } from '../errors/errors.ts';
import { reap } from '../kernel/spawn.ts';
import { fromUnixNs, now } from '../store/clock.ts';
import type { Engine } from './engine.ts';
import { emit, emitNetworks, emitVolumes } from './events.ts';
import { lifetimeMs } from './lifetime.ts';
import { wasOomKilled } from './oom.ts';
import type { ContainerRecord } from './record.ts';
import { release } from './release.ts';
import { remove } from './remove.ts';
import { restartDelayMs } from './restart-policy.ts';
import { setState } from './set-state.ts';
import type { ShimLink } from './shim-link.ts';
import { type ContainerState, isAlive } from './state.ts';
import type { Container } from './table.ts';

export interface End {
  exitCode: number;
  finishedAt: string;
  /** Why, when not by its own will. */
  error: string;
}

/** Follows the link until the container has ended, and records that. */
export function watchEnd(
  engine: Engine,
  container: Container,
  link: ShimLink,
  /** 0 when an earlier supervisor spawned it: then it is not ours to reap. */
  shimPid: number,
): void {
  container.link = link;
  const failed = (error: unknown) =>
    engine.log.error({ err: error, id: container.id }, 'cannot record the end of a container');
  const exited = ({ exitCode, atNs }: { exitCode: number; atNs: bigint }) =>
    void recordEnd(engine, container, { exitCode, finishedAt: fromUnixNs(atNs), error: '' }).catch(
      failed,
    );
  const closed = async () => {
    container.link = undefined;
    if (shimPid) await reap(shimPid);
    if (!link.exited)
      await recordEnd(engine, container, (await readExitRecord(container)) ?? unknownEnd());
  };
  if (link.exited) exited(link.exited);
  else link.once('exit', exited);
  if (link.closed) closed().catch(failed);
  else link.once('close', () => void closed().catch(failed));
}

/** Makes it exited, gives back what it held, tells those who wait. Does nothing if that has happened. */
export async function recordEnd(engine: Engine, container: Container, end: End): Promise<void> {
  const ended = await container.lock.run(async () => {
    const { state, endpoints } = container.record;
    if (!isAlive(state)) return undefined;
    const oomKilled = wasOomKilled(engine, container);
    const ranMs = lifetimeMs(state, end.finishedAt, engine.facts.bootId);
    await release(engine, container, container.record);
    const next = afterEnd(container, { ...end, startedAt: state.startedAt, oomKilled }, ranMs);
    await setState(container, next.state, { ...next.changes, endpoints: {}, published: [] });
    return { oomKilled, ranMs, endpoints };
  });
  if (!ended) return;
  if (ended.oomKilled) emit(engine, container, 'oom');
  const execDuration = String(Math.floor(ended.ranMs / 1000));
  emit(engine, container, 'die', { execDuration, exitCode: String(end.exitCode) });
  emitNetworks(engine, container, ended.endpoints, 'disconnect');
  emitVolumes(engine, container, 'unmount');
  container.emit('exit', end.exitCode, end.error);
  const { hostConfig, state } = container.record;
  const isOver = state.status === 'exited' && !container.isRestarting;
  if (hostConfig.AutoRemove && isOver) await autoRemove(engine, container);
}

/** What its restart policy makes of an end: `exited`, or `restarting` until src/supervisor/restarts.ts starts it again. */
export function afterEnd(
  { record, stopRequested }: Container,
  ended: Omit<Extract<ContainerState, { status: 'exited' }>, 'status'>,
  ranMs: number,
): { state: ContainerState; changes: Partial<ContainerRecord> } {
  const manuallyStopped = stopRequested || record.manuallyStopped === true;
  const delayMs = restartDelayMs(record.hostConfig.RestartPolicy, {
    exitCode: ended.exitCode,
    ranMs,
    manuallyStopped,
    restartCount: record.restartCount,
    lastDelayMs: record.restartDelayMs ?? 0,
  });
  if (delayMs === undefined)
    return { state: { status: 'exited', ...ended }, changes: { manuallyStopped } };
  const restartCount = record.restartCount + 1;
  return {
    state: { status: 'restarting', ...ended },
    changes: { restartCount, restartDelayMs: delayMs },
  };
}

/** Somebody may have removed it by hand meanwhile. */
async function autoRemove(engine: Engine, container: Container): Promise<void> {
  try {
    await remove(engine, container, { force: false, volumes: true });
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
  }
}

/** How it ended when nobody knows. */
export function unknownEnd(): End {
  return {
    exitCode: 255,
    finishedAt: now(),
    error:
      'the shim of the container was killed and the container with it; its exit code is unknown',
  };
}

/** What the shim left in the run folder when it ended; undefined when it left nothing. */
export async function readExitRecord({ paths }: Container): Promise<End | undefined> {
  try {
    const text = await readFile(paths.exitRecord, 'utf8');
    const { exitCode, finishedAt } = JSON.parse(text) as { exitCode: number; finishedAt: string };
    return { exitCode, finishedAt, error: '' };
  } catch {
    return undefined;
  }
}
