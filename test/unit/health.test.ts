/** Health checks: the machine of states as pure functions, and the monitor by a clock of the test's own. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { statusText } from '../../src/api/views/status.ts';
import type { Engine } from '../../src/container/engine.ts';
import { emit } from '../../src/container/events.ts';
import {
  afterProbe,
  checkOf,
  type Health,
  mergeHealthcheck,
  probeDelayMs,
  starting,
} from '../../src/container/health.ts';
import { Container, ContainerTable } from '../../src/container/table.ts';
import { EventBus } from '../../src/supervisor/events.ts';
import { HealthMonitor } from '../../src/supervisor/health-monitor.ts';
import { CONFIG, planInput } from '../support/plan-input.ts';

const second = 1e9;
const result = (exitCode: number) => ({ start: '', end: '', exitCode, output: '' });
const afterAllOf = (codes: number[], retries: number, inStartPeriod = false) =>
  codes.reduce<Health>(
    (health, code) => afterProbe(health, result(code), { retries }, inStartPeriod),
    starting(),
  );

describe('the results', () => {
  it.each<[number[], Partial<Health>]>([
    [[], { status: 'starting', failingStreak: 0 }],
    [[0], { status: 'healthy', failingStreak: 0 }],
    [[1], { status: 'starting', failingStreak: 1 }],
    [[1, 1], { status: 'starting', failingStreak: 2 }],
    [[1, 1, 1], { status: 'unhealthy', failingStreak: 3 }],
    [[0, 1, 1], { status: 'healthy', failingStreak: 2 }],
    [[0, 1, -1, 1, 7], { status: 'unhealthy', failingStreak: 4 }],
    [[1, 1, 1, 0], { status: 'healthy', failingStreak: 0 }],
  ])('%j make %j', (codes, expected) => {
    expect(afterAllOf(codes, 3)).toMatchObject(expected);
  });

  it('within the start period do not count until one is a success', () => {
    expect(afterAllOf([1, 1, 1, 1], 3, true)).toMatchObject({
      status: 'starting',
      failingStreak: 0,
    });
    expect(afterAllOf([1, 0, 1, 1, 1], 3, true)).toMatchObject({ status: 'unhealthy' });
  });

  it('make unhealthy exactly after `retries` failures in a row; five are kept', () => {
    const codes = fc.array(fc.constantFrom(0, 1, -1), { maxLength: 30 });
    fc.assert(
      fc.property(codes, fc.integer({ min: 1, max: 5 }), (list, retries) => {
        const health = afterAllOf(list, retries);
        const streak = list.length - 1 - list.lastIndexOf(0);
        expect(health.failingStreak).toBe(streak);
        expect(health.status === 'unhealthy').toBe(streak >= retries);
        expect(health.log.map(({ exitCode }) => exitCode)).toEqual(list.slice(-5));
      }),
    );
  });
});

describe('the check', () => {
  const check = (Test: string[], more: object = {}) =>
    checkOf({ ...CONFIG, Healthcheck: { Test, ...more } });
  it.each([[[]], [['NONE']], [['CMD']], [['NOSUCH', 'x']]])('%j is none', (test) => {
    expect(check(test)).toBeUndefined();
  });
  it('has docker’s defaults', () => {
    expect(check(['CMD-SHELL', 'true'])).toEqual({
      argv: ['/bin/sh', '-c', 'true'],
      intervalMs: 30_000,
      timeoutMs: 30_000,
      startPeriodMs: 0,
      startIntervalMs: 5_000,
      retries: 3,
    });
  });
  it('is the image’s, with one’s own settings over it', () => {
    const image = { Test: ['CMD', 'a'], Interval: second, Retries: 2 };
    expect(mergeHealthcheck(undefined, image)).toEqual(image);
    expect(mergeHealthcheck({ Test: null, Interval: 0, Retries: 9 }, image)).toEqual({
      ...image,
      Retries: 9,
    });
    expect(mergeHealthcheck({ Test: ['NONE'] }, image)?.Test).toEqual(['NONE']);
    expect(mergeHealthcheck(undefined, null)).toBeUndefined();
  });
  it('is made more often while it starts', () => {
    const one = check(['CMD', 'a'], { StartPeriod: 60 * second });
    if (!one) throw new Error('no check');
    expect(probeDelayMs(one, starting(), 1000)).toBe(5_000);
    expect(probeDelayMs(one, starting(), 60_000)).toBe(30_000);
    expect(probeDelayMs(one, { ...starting(), status: 'healthy' }, 1000)).toBe(30_000);
  });
});

it.each([
  ['starting', 'Up 5 seconds (health: starting)'],
  ['healthy', 'Up 5 seconds (healthy)'],
  ['unhealthy', 'Up 5 seconds (unhealthy)'],
  [undefined, 'Up 5 seconds'],
] as const)('%s shows as %s', (health, text) => {
  const startedAt = '2026-01-01T00:00:00Z';
  const state = { status: 'running', pid: 1, startTicks: 1, bootId: '', startedAt } as const;
  expect(statusText(state, Date.parse(startedAt) + 5000, health)).toBe(text);
  expect(statusText({ ...state, status: 'paused' }, Date.parse(startedAt), health)).toMatch(
    / \(Paused\)$/,
  );
});

describe('the monitor', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function world(probe: () => Promise<{ exitCode: number; output: string }>) {
    const { record, paths, facts } = planInput({
      Healthcheck: { Test: ['CMD', 'a'], Interval: second, Retries: 2 },
    });
    const startedAt = new Date().toISOString();
    const state = { status: 'running', pid: 1, startTicks: 0, bootId: 'x', startedAt } as const;
    const container = new Container({ ...record, state }, paths);
    const events = new EventBus();
    const containers = new ContainerTable();
    containers.add(container);
    const engine = { events, containers, facts, log: console } as unknown as Engine;
    const monitor = new HealthMonitor(probe);
    return { monitor, engine, container };
  }

  it('probes after each interval, not while it is frozen, and not after the end', async () => {
    let count = 0;
    const { monitor, engine, container } = world(async () => {
      count++;
      return { exitCode: 1, output: 'no' };
    });
    // Its health changes with the second failure alone, which would write the record: one is enough here.
    container.record.config.Healthcheck = { Test: ['CMD', 'a'], Interval: second, Retries: 99 };
    monitor.begin(engine);
    expect(container.health).toEqual(starting());
    await vi.advanceTimersByTimeAsync(999);
    expect(count).toBe(0);
    await vi.advanceTimersByTimeAsync(2001);
    expect(count).toBe(3);
    expect(container.health).toMatchObject({ failingStreak: 3 });
    emit(engine, container, 'pause');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(count).toBe(3);
    emit(engine, container, 'unpause');
    await vi.advanceTimersByTimeAsync(1000);
    expect(count).toBe(4);
    emit(engine, container, 'die');
    expect(container.health?.status).toBe('unhealthy');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(count).toBe(4);
    emit(engine, container, 'start');
    expect(container.health).toEqual(starting());
    await monitor.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('forgets a result that comes after the end', async () => {
    let answer: (probe: { exitCode: number; output: string }) => void = () => undefined;
    const { monitor, engine, container } = world(
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    monitor.begin(engine);
    await vi.advanceTimersByTimeAsync(1000);
    emit(engine, container, 'die');
    answer({ exitCode: 0, output: '' });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(container.health).toMatchObject({ status: 'unhealthy', log: [] });
    await monitor.close();
  });
});
