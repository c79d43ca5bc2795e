/** Restart policies and their back-off, as pure functions and by a clock of the test's own. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Engine } from '../../src/container/engine.ts';
import { lifetimeMs } from '../../src/container/lifetime.ts';
import {
  FIRST_DELAY_MS,
  LONGEST_DELAY_MS,
  nextDelayMs,
  remainingDelayMs,
  restartDelayMs,
  STEADY_AFTER_MS,
  startsWithEngine,
} from '../../src/container/restart-policy.ts';
import { Container, ContainerTable } from '../../src/container/table.ts';
import { EventBus } from '../../src/supervisor/events.ts';
import { Restarts } from '../../src/supervisor/restarts.ts';
import { planInput } from '../support/plan-input.ts';

const policies = ['no', '', 'always', 'unless-stopped', 'on-failure'];
const life = fc.record({
  exitCode: fc.integer({ min: 0, max: 255 }),
  ranMs: fc.integer({ min: 0, max: 100_000 }),
  manuallyStopped: fc.boolean(),
  restartCount: fc.nat(20),
  lastDelayMs: fc.integer({ min: 0, max: LONGEST_DELAY_MS }),
});

describe('the decision at the end', () => {
  it.each([
    ['no', 1, false],
    ['', 1, false],
    ['always', 0, true],
    ['always', 1, true],
    ['unless-stopped', 0, true],
    ['on-failure', 0, false],
    ['on-failure', 1, true],
  ])('%j with exit code %i: %s', (Name, exitCode, again) => {
    const one = { exitCode, ranMs: 0, manuallyStopped: false, restartCount: 5, lastDelayMs: 0 };
    expect(restartDelayMs({ Name, MaximumRetryCount: 0 }, one) !== undefined).toBe(again);
  });

  it('is no for whoever was stopped by the user, whatever the policy', () => {
    fc.assert(
      fc.property(fc.constantFrom(...policies), life, (Name, one) => {
        const stopped = { ...one, manuallyStopped: true };
        expect(restartDelayMs({ Name, MaximumRetryCount: 0 }, stopped)).toBeUndefined();
      }),
    );
  });

  it('of on-failure:N is yes N times', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), life, (MaximumRetryCount, one) => {
        const again = restartDelayMs({ Name: 'on-failure', MaximumRetryCount }, one) !== undefined;
        const expected =
          !one.manuallyStopped && one.exitCode !== 0 && one.restartCount < MaximumRetryCount;
        expect(again).toBe(expected);
      }),
    );
  });
});

describe('the back-off', () => {
  it('doubles from 100 ms to a minute', () => {
    const delays = [0];
    for (let i = 0; i < 12; i++) delays.push(nextDelayMs(delays.at(-1) as number, 0));
    expect(delays.slice(1)).toEqual([
      100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000,
    ]);
  });

  it('is always between the first and the longest, and the first after ten seconds', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), fc.double({ noNaN: true }), (last, ran) => {
        const next = nextDelayMs(last, ran);
        expect(next).toBeGreaterThanOrEqual(FIRST_DELAY_MS);
        expect(next).toBeLessThanOrEqual(LONGEST_DELAY_MS);
        if (ran >= STEADY_AFTER_MS) expect(next).toBe(FIRST_DELAY_MS);
      }),
    );
  });

  it('left over by an earlier supervisor is never negative nor longer than the whole', () => {
    fc.assert(
      fc.property(fc.nat(60_000), fc.integer({ min: -1e12, max: 1e12 }), (delay, passed) => {
        const at = new Date(1.7e12).toISOString();
        const left = remainingDelayMs(delay, at, 1.7e12 + passed);
        expect(left).toBeGreaterThanOrEqual(0);
        expect(left).toBeLessThanOrEqual(delay);
      }),
    );
  });
});

describe('a lifetime', () => {
  const running = { status: 'running', pid: 1, bootId: 'b', startTicks: 1000 } as const;
  const startedAt = '2026-01-01T00:00:00.000000000Z';
  it.each([
    ['the clock is true', '2026-01-01T00:00:03.000000000Z', 13, 3000],
    ['the end was found late', '2026-01-01T00:00:03.000000000Z', 100, 3000],
    ['the clock was set forward', '2026-01-02T00:00:03.000000000Z', 13, 3000],
    ['the clock was set back', '2025-01-01T00:00:00.000000000Z', 13, 3000],
  ])('when %s', (_, finishedAt, uptimeSeconds, expected) => {
    expect(lifetimeMs({ ...running, startedAt }, finishedAt, 'b', uptimeSeconds)).toBe(expected);
  });
});

it('with the engine start `always`, and `unless-stopped` unless stopped', () => {
  const policy = (Name: string) => ({ Name, MaximumRetryCount: 0 });
  expect(policies.filter((name) => startsWithEngine(policy(name), false))).toEqual([
    'always',
    'unless-stopped',
  ]);
  expect(policies.filter((name) => startsWithEngine(policy(name), true))).toEqual(['always']);
});

describe('the timers', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const ended = { exitCode: 1, startedAt: '', oomKilled: false, error: '' };
  function world(status: 'restarting' | 'exited', Name: string, restartDelayMs = 100) {
    const { record, paths } = planInput({}, { RestartPolicy: { Name, MaximumRetryCount: 0 } });
    const finishedAt = new Date().toISOString();
    const state = { status, ...ended, finishedAt };
    const container = new Container({ ...record, state, restartDelayMs }, paths);
    const engine = { events: new EventBus(), containers: new ContainerTable(), log: console };
    engine.containers.add(container);
    const started: boolean[] = [];
    const restarts = new Restarts(async (_engine, _container, { byPolicy = false } = {}) => {
      started.push(byPolicy);
    });
    const die = () =>
      engine.events.emit({
        type: 'container',
        action: 'die',
        id: container.id,
        attributes: {},
        timeNs: 0n,
      });
    return { container, engine: engine as unknown as Engine, restarts, started, die };
  }

  it('start who waits after its delay, and not before', () => {
    const { engine, restarts, started, die } = world('restarting', 'always', 400);
    restarts.begin({ ...engine, containers: engine.containers, events: engine.events } as Engine);
    die();
    expect(restarts.waiting).toBe(1);
    vi.advanceTimersByTime(399);
    expect(started).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(started).toEqual([true]);
    expect(restarts.waiting).toBe(0);
  });

  it('go on with what an earlier supervisor left', () => {
    const { engine, restarts, started } = world('restarting', 'on-failure', 400);
    vi.advanceTimersByTime(300);
    restarts.begin(engine);
    vi.advanceTimersByTime(99);
    expect(started).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(started).toEqual([true]);
  });

  it('are given up when the container is stopped meanwhile', () => {
    const { engine, container, restarts, started } = world('restarting', 'always');
    restarts.begin(engine);
    const finishedAt = new Date().toISOString();
    container.record.state = { status: 'exited', ...ended, finishedAt };
    container.emit('state');
    expect(restarts.waiting).toBe(0);
    vi.advanceTimersByTime(1000);
    expect(started).toEqual([]);
  });

  it('outlast a change that leaves it waiting, and none is left after the end', async () => {
    const { engine, container, restarts, started } = world('restarting', 'always');
    restarts.begin(engine);
    container.emit('state');
    expect(restarts.waiting).toBe(1);
    await restarts.close();
    expect(restarts.waiting).toBe(0);
    vi.advanceTimersByTime(1000);
    expect(started).toEqual([]);
  });

  it.each([
    ['always', [false]],
    ['unless-stopped', [false]],
    ['on-failure', []],
    ['no', []],
  ])('with policy %s at begin: %j', (name, expected) => {
    const { engine, restarts, started } = world('exited', name);
    restarts.begin(engine);
    expect(started).toEqual(expected);
  });
});
