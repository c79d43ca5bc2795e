/**
 * What a new supervisor does with what the last one left, however it ended: finds the containers again
 * from their records and their shims, records the ends it missed, and undoes what was half made.
 *
 *     record says      shim answers            shim is gone
 *     running, paused  running: follow it      exit record, or 255: exited
 *     created, exited  started just before     exit record: it ran and ended unseen
 *                      the crash: follow it    no exit record: the start came to nothing
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  afterEnd,
  type End,
  readExitRecord,
  recordEnd,
  unknownEnd,
  watchEnd,
} from '../container/end.ts';
import type { Engine } from '../container/engine.ts';
import { emit } from '../container/events.ts';
import { adoptExecs } from '../container/exec/adopt.ts';
import { keepMounted, unmountVolumes } from '../container/mount-volumes.ts';
import { restoreEndpoints } from '../container/network/endpoints.ts';
import { resumeNames } from '../container/network/names.ts';
import { restorePorts } from '../container/network/ports.ts';
import { PARENT } from '../container/option/cgroup-parent.ts';
import type { ContainerRecord } from '../container/record.ts';
import { containerRecordSchema } from '../container/record-schema.ts';
import { release } from '../container/release.ts';
import { remove } from '../container/remove.ts';
import { setState } from '../container/set-state.ts';
import { ShimLink } from '../container/shim-link.ts';
import { isAlive } from '../container/state.ts';
import { Container } from '../container/table.ts';
import { cgroupParents, removeCgroup } from '../kernel/cgroup.ts';
import { now } from '../store/clock.ts';
import { quarantine, readRecord } from '../store/record.ts';
import { unmountIdle } from '../volume/mount.ts';

const ANSWER_TIMEOUT_MS = 5_000;

export async function recover(engine: Engine): Promise<void> {
  await loadRecords(engine);
  for (const { record } of engine.containers.all())
    if (isAlive(record.state)) {
      restoreEndpoints(engine, record.endpoints);
      restorePorts(engine, record);
    }
  // Until it is known who runs, what is mounted for anybody stays.
  for (const container of engine.containers.all()) keepMounted(engine, container);
  await engine.networks.begin();
  await Promise.all(engine.containers.all().map((container) => recoverOne(engine, container)));
  await unmountUnused(engine);
  for (const container of engine.containers.all()) tellMissedEnd(engine, container);
  await sweep(engine);
}

async function loadRecords(engine: Engine): Promise<void> {
  for (const id of await readdir(engine.paths.containers)) {
    if (!/^[0-9a-f]{64}$/.test(id)) continue;
    const paths = engine.paths.container(id);
    try {
      const record: ContainerRecord = await readRecord(paths.record, containerRecordSchema);
      if (record.id !== id) throw new Error(`the record says it is ${record.id}`);
      engine.containers.add(new Container(record, paths));
    } catch (error) {
      await quarantine(paths.dir, error, engine.log);
    }
  }
}

async function unmountUnused(engine: Engine): Promise<void> {
  for (const container of engine.containers.all())
    if (!container.link) await unmountVolumes(engine, container);
  for (const volume of engine.volumes.all())
    await unmountIdle(volume).catch((error) =>
      engine.log.warn({ err: error, volume: volume.name }, 'cannot unmount a volume'),
    );
}

async function recoverOne(engine: Engine, container: Container): Promise<void> {
  try {
    const link = await answeringShim(engine, container);
    if (link) await follow(engine, container, link);
    else await settle(engine, container);
  } catch (error) {
    engine.log.error({ err: error, id: container.id }, 'cannot recover a container');
  }
}

/** The link to a shim whose container runs or has just ended; undefined when nobody listens. */
async function answeringShim(
  engine: Engine,
  { paths, record }: Container,
): Promise<ShimLink | undefined> {
  if (isAlive(record.state) && record.state.bootId !== engine.facts.bootId) return undefined;
  const link = ShimLink.tryConnect(paths.runDir);
  if (!link) return undefined;
  return new Promise((resolve) => {
    const timer = setTimeout(() => link.socket.destroy(), ANSWER_TIMEOUT_MS);
    const answer = (found: ShimLink | undefined) => {
      clearTimeout(timer);
      resolve(found);
    };
    link.once('running', () => answer(link));
    link.once('close', () => answer(link.running ? link : undefined));
  });
}

async function follow(engine: Engine, container: Container, link: ShimLink): Promise<void> {
  const { state } = container.record;
  const { pid = 0, startTicks = 0 } = link.running ?? {};
  if (!isAlive(state) || state.pid !== pid) {
    const { bootId } = engine.facts;
    await setState(container, { status: 'running', pid, startTicks, bootId, startedAt: now() });
    emit(engine, container, 'start');
  }
  resumeNames(engine, container);
  watchEnd(engine, container, link, 0);
  await adoptExecs(engine, container);
}

/** Nobody listens: the container has ended, or never began. */
async function settle(engine: Engine, container: Container): Promise<void> {
  const { state } = container.record;
  const end = await readExitRecord(container);
  if (isAlive(state)) {
    const rebooted = state.bootId !== engine.facts.bootId;
    await recordEnd(engine, container, rebooted ? hostRestarted() : (end ?? unknownEnd()));
    return;
  }
  if (end) await recordUnseenRun(engine, container, end);
  await release(engine, container, { endpoints: {} });
  if (container.record.hostConfig.AutoRemove && state.status !== 'created')
    await remove(engine, container, { force: false, volumes: true });
}

function hostRestarted(): End {
  return { exitCode: 255, finishedAt: now(), error: 'the host was restarted while it ran' };
}

/** It was started, ran and ended between two writes of its record. */
async function recordUnseenRun(engine: Engine, container: Container, end: End): Promise<void> {
  const ended = { ...end, startedAt: end.finishedAt, oomKilled: false };
  const { state, changes } = afterEnd(container, ended, 0);
  await setState(container, state, changes);
  emit(engine, container, 'start');
}

/** The record of an end is written before its event: a supervisor may have been killed between the two. */
function tellMissedEnd(engine: Engine, container: Container): void {
  const { state } = container.record;
  if (state.status !== 'exited' && state.status !== 'restarting') return;
  const last = engine.events
    .history()
    .findLast(({ id, action }) => id === container.id && (action === 'start' || action === 'die'));
  if (last?.action !== 'start') return;
  const ranMs = Date.parse(state.finishedAt) - Date.parse(state.startedAt);
  const execDuration = String(Math.max(0, Math.floor(ranMs / 1000)));
  emit(engine, container, 'die', { execDuration, exitCode: String(state.exitCode) });
}

/** Groups and run folders that belong to no living container: of a start that a crash cut off. */
async function sweep(engine: Engine): Promise<void> {
  const runRoot = join(engine.paths.run, 'containers');
  for (const id of await readdir(runRoot).catch(() => [])) {
    if (!engine.containers.get(id)?.link)
      await rm(join(runRoot, id), { recursive: true, force: true });
  }
  for (const parent of cgroupParents(engine.facts.cgroup, PARENT)) {
    for (const id of await readdir(parent).catch(() => [])) {
      const known = engine.containers.get(id);
      if (/^[0-9a-f]{64}$/.test(id) && known && !known.link)
        await removeCgroup(join(parent, id)).catch((error) =>
          engine.log.warn({ err: error }, 'cannot sweep a control group'),
        );
    }
  }
}
