/** Health checks by real execs: states, events, what inspect and ps say, and a new supervisor in between. */
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { Healthcheck } from '../../src/container/config.ts';
import { pause, unpause } from '../../src/container/pause.ts';
import { remove } from '../../src/container/remove.ts';
import { stop } from '../../src/container/stop.ts';
import type { Container } from '../../src/container/table.ts';
import { call, serve } from '../support/api.ts';
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

const MS = 1e6;
const checked = (test: string, check: Healthcheck = {}, script = 'sleep 1000') =>
  launch(
    world,
    ['sh', '-c', script],
    { Healthcheck: { Test: ['CMD-SHELL', test], Interval: 20 * MS, Retries: 2, ...check } },
    { NetworkMode: 'none' },
  );
const until = (container: Container, status: string) =>
  vi.waitUntil(() => container.health?.status === status, { timeout: 20_000, interval: 5 });
const statuses = (container: Container) =>
  world.engine.events
    .history()
    .filter(({ id, action }) => id === container.id && action.startsWith('health_status'))
    .map(({ action }) => action);

test('a file that comes and goes makes it healthy and unhealthy', async () => {
  const container = await checked('cat /ok', {}, 'sleep 0.2; echo fine > /ok; sleep 1000');
  expect(container.health?.status).toBe('starting');
  await until(container, 'healthy');
  expect(container.health?.log.at(-1)).toMatchObject({ exitCode: 0, output: 'fine\n' });
  const { state } = container.record;
  if (state.status !== 'running') throw new Error('not running');
  const { rmSync } = await import('node:fs');
  rmSync(`/proc/${state.pid}/root/ok`);
  await until(container, 'unhealthy');
  expect(container.health?.log.at(-1)?.output).toMatch(/No such file/);
  await vi.waitUntil(() => statuses(container).at(-1) === 'health_status: unhealthy');
  expect(statuses(container).at(-2)).toBe('health_status: healthy');
});

test('a probe that takes too long, or cannot be run, is a failure', async () => {
  const slow = await checked('sleep 1000', { Timeout: 50 * MS });
  const wrong = await checked('', { Test: ['CMD', '/nosuch'] });
  await until(slow, 'unhealthy');
  expect(slow.health?.log.at(-1)).toMatchObject({
    exitCode: -1,
    output: 'Health check exceeded timeout (50ms)',
  });
  await until(wrong, 'unhealthy');
  expect(wrong.health?.log.at(-1)?.exitCode).toBe(-1);
  expect(wrong.health?.log.at(-1)?.output).toMatch(/no such file/);
});

test('failures of the start period do not count', async () => {
  const check = { StartPeriod: 60_000 * MS, StartInterval: 10 * MS, Retries: 1 };
  const container = await checked('exit 1', check);
  await vi.waitUntil(() => container.health?.log.length === 5, { timeout: 10_000 });
  expect(container.health).toMatchObject({ status: 'starting', failingStreak: 0 });
});

test('a frozen container is not probed, and a new supervisor knows what it was', async () => {
  const container = await checked('echo y', { Interval: 100 * MS });
  await until(container, 'healthy');
  await vi.waitUntil(() => container.record.health?.status === 'healthy');
  await pause(world.engine, container);
  await world.reopen();
  const again = world.engine.containers.find(container.id);
  expect(again.health).toEqual({ status: 'healthy', failingStreak: 0, log: [] });
  await unpause(world.engine, again);
  await vi.waitUntil(() => (again.health?.log.length ?? 0) > 0, { timeout: 10_000 });
  await stop(world.engine, again, { timeoutSeconds: 0 });
  expect(again.health?.status).toBe('unhealthy');
});

test('a probe that is frozen with its container holds nobody up', async () => {
  const container = await checked('echo begun; sleep 0.3', { Interval: 1 * MS });
  await vi.waitUntil(() => [...container.execs.values()].some(({ isActive }) => isActive));
  await pause(world.engine, container);
  await world.reopen();
  const again = world.engine.containers.find(container.id);
  await unpause(world.engine, again);
  await until(again, 'healthy');
  await stop(world.engine, again, { timeoutSeconds: 0 });
});

test('the API shows it: inspect, ps, the filter', async () => {
  const api = await serve(world.engine, join(world.options.dataRoot, '..'));
  const container = await checked('exit 0');
  const plain = await launch(world, ['sleep', '1000'], {}, { NetworkMode: 'none' });
  await until(container, 'healthy');
  const detail = JSON.parse((await call(api, 'GET', `/containers/${container.id}/json`)).body);
  expect(detail.State.Health).toMatchObject({ Status: 'healthy', FailingStreak: 0 });
  expect(detail.State.Health.Log[0]).toEqual({
    Start: expect.stringMatching(/^20/),
    End: expect.stringMatching(/^20/),
    ExitCode: 0,
    Output: '',
  });
  const listed = async (health: string) => {
    const filters = encodeURIComponent(JSON.stringify({ health: [health] }));
    const { body } = await call(api, 'GET', `/containers/json?filters=${filters}`);
    return JSON.parse(body) as { Id: string; Status: string }[];
  };
  expect(await listed('healthy')).toMatchObject([
    { Id: container.id, Status: expect.stringMatching(/^Up .* \(healthy\)$/) },
  ]);
  expect((await listed('none')).map(({ Id }) => Id)).toEqual([plain.id]);
  await api.close();
});
