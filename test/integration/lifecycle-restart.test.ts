/** Restart policies against real containers: who is started again, how often, and who not. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { kill } from '../../src/container/kill.ts';
import { pause } from '../../src/container/pause.ts';
import { remove } from '../../src/container/remove.ts';
import { start } from '../../src/container/start.ts';
import { restart, stop } from '../../src/container/stop.ts';
import type { Container } from '../../src/container/table.ts';
import { wait } from '../../src/container/wait.ts';
import { ConflictError, NotModifiedError } from '../../src/errors/errors.ts';
import { type Census, census, expectNoLeak } from '../support/census.ts';
import { launch, openTestEngine, type TestEngine } from '../support/engine.ts';

let world: TestEngine;
let before: Census;
beforeAll(async () => {
  world = await openTestEngine();
});
afterAll(() => world.close());
beforeEach(async () => {
  const { dataRoot, execRoot, bridge } = world.options;
  before = await census({ dataRoot, runRoot: execRoot, bridge });
});
afterEach(async () => {
  for (const container of world.engine.containers.all())
    await remove(world.engine, container, { force: true, volumes: true });
  await expectNoLeak(before);
});

const policy = (Name: string, MaximumRetryCount = 0) => ({
  RestartPolicy: { Name, MaximumRetryCount },
});
const begin = (script: string, Name: string, max = 0) =>
  launch(world, ['sh', '-c', script], {}, policy(Name, max));
const status = ({ record }: Container) => record.state.status;
const until = (container: Container, wanted: () => boolean) =>
  vi.waitUntil(wanted, { timeout: 20_000, interval: 5 }).catch(() => {
    throw new Error(`in vain: ${JSON.stringify(container.record.state)}`);
  });
/** The container of the same id, after the engine was opened again. */
const again = ({ id }: Container) => world.engine.containers.find(id);

test('on-failure:3 is started three times and then stays ended', async () => {
  const container = await begin('exit 7', 'on-failure', 3);
  await until(container, () => status(container) === 'exited');
  expect(container.record).toMatchObject({
    restartCount: 3,
    restartDelayMs: 400,
    state: { exitCode: 7 },
  });
  const actions = world.engine.events
    .history()
    .filter(({ id, type }) => id === container.id && type === 'container')
    .map(({ action }) => action);
  expect(actions).toEqual(['create', ...Array(4).fill(['start', 'die'])].flat());
});

test('on-failure does not restart a success', async () => {
  const container = await begin('exit 0', 'on-failure');
  await until(container, () => status(container) === 'exited');
  expect(container.record.restartCount).toBe(0);
});

test('a stop ends the waiting: it stays ended, and its waiters are told', async () => {
  const container = await begin('exit 3', 'always');
  await until(container, () => (container.record.restartDelayMs ?? 0) >= 400);
  await until(container, () => status(container) === 'restarting');
  await expect(start(world.engine, container)).rejects.toThrow(NotModifiedError);
  await expect(pause(world.engine, container)).rejects.toThrow(/is restarting, wait until/);
  await expect(remove(world.engine, container, { force: false, volumes: false })).rejects.toThrow(
    ConflictError,
  );
  const told = wait(world.engine, container, 'not-running', new AbortController().signal);
  await stop(world.engine, container);
  expect(await told).toEqual({ exitCode: 3, error: '' });
  expect(container.record).toMatchObject({ manuallyStopped: true, state: { status: 'exited' } });
  await expect(stop(world.engine, container)).rejects.toThrow(NotModifiedError);
});

test.each(['always', 'unless-stopped'])(
  '%s: stop, kill and restart mean what they say',
  async (name) => {
    const container = await begin('trap "exit 0" TERM; sleep 1000 & wait', name);
    await stop(world.engine, container);
    expect(status(container)).toBe('exited');
    await start(world.engine, container);
    expect(container.record).toMatchObject({ manuallyStopped: false, restartCount: 0 });
    await kill(world.engine, container, 'SIGKILL');
    expect(container.record.state).toMatchObject({ status: 'exited', exitCode: 137 });
    await start(world.engine, container);
    await restart(world.engine, container);
    expect(status(container)).toBe('running');
    await pause(world.engine, container);
    await stop(world.engine, container);
    expect(container.record.state).toMatchObject({ status: 'exited', exitCode: 0 });
  },
);

test('a signal that only says "read your configuration" is no stop', async () => {
  const container = await begin('trap "exit 1" HUP; sleep 1000 & wait', 'always');
  const ended = wait(world.engine, container, 'next-exit', new AbortController().signal);
  await kill(world.engine, container, 'HUP');
  await ended;
  await until(container, () => status(container) === 'running');
  expect(container.record.restartCount).toBe(1);
});

test('counts and back-off go on over three supervisors', async () => {
  let container = await begin('exit 1', 'always');
  for (const least of [1, 2, 3]) {
    await until(container, () => container.record.restartCount >= least);
    const { restartCount, restartDelayMs = 0 } = container.record;
    await world.reopen();
    container = again(container);
    expect(container.record.restartCount).toBeGreaterThanOrEqual(restartCount);
    await until(container, () => (container.record.restartDelayMs ?? 0) > restartDelayMs);
    expect(container.record.restartDelayMs).toBe(100 * 2 ** (container.record.restartCount - 1));
  }
});

test('with a new supervisor start `always` and the unstopped, not the stopped nor the created', async () => {
  const sleep = 'trap "exit 0" TERM; sleep 1000 & wait';
  const always = await begin(sleep, 'always');
  const stopped = await begin(sleep, 'unless-stopped');
  const running = await begin(sleep, 'unless-stopped');
  const none = await begin('exit 0', 'no');
  for (const one of [always, stopped]) await stop(world.engine, one);
  await world.reopen();
  await until(again(always), () => status(again(always)) === 'running');
  expect([stopped, running, none].map((one) => status(again(one)))).toEqual([
    'exited',
    'running',
    'exited',
  ]);
});

test('a restart keeps a container that is to be removed at its end', async () => {
  const container = await launch(
    world,
    ['sleep', '1000'],
    { StopSignal: 'KILL' },
    { AutoRemove: true },
  );
  await restart(world.engine, container);
  expect(status(container)).toBe('running');
  await stop(world.engine, container);
  await until(container, () => world.engine.containers.get(container.id) === undefined);
});

test('a start by policy that fails is the end of it', async () => {
  const container = await begin('rm -f /bin/sh; exit 1', 'always');
  await until(container, () => status(container) === 'exited');
  expect(container.record.state).toMatchObject({
    exitCode: 127,
    error: expect.stringMatching(/executable file not found/),
  });
});
