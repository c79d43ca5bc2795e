/**
 * Probes the containers that have a health check: after each interval, one probe at a time, from the start of the
 * program to its end, not while it is frozen. What a result means is src/container/health.ts.
 */

import type { Engine, EngineEvent } from '../container/engine.ts';
import { emit } from '../container/events.ts';
import {
  afterProbe,
  type Check,
  checkOf,
  type HealthStatus,
  type ProbeResult,
  probeDelayMs,
  starting,
} from '../container/health.ts';
import { lifetimeMs } from '../container/lifetime.ts';
import { runProbe } from '../container/probe.ts';
import { setState } from '../container/set-state.ts';
import { isAlive } from '../container/state.ts';
import type { Container } from '../container/table.ts';
import { NotFoundError } from '../errors/errors.ts';
import { now } from '../store/clock.ts';

/** One container that is looked after. */
interface Watch {
  check: Check;
  timer: NodeJS.Timeout | undefined;
  /** Ends a probe that runs. */
  stop: AbortController;
}

export class HealthMonitor {
  readonly #watches = new Map<Container, Watch>();
  readonly #probing = new Set<Promise<void>>();
  #unsubscribe: () => void = () => undefined;

  /** @param probe how a check is run; for tests */
  constructor(private readonly probe: typeof runProbe = runProbe) {}

  /** From now on; takes up who runs already. */
  begin(engine: Engine): void {
    this.#unsubscribe = engine.events.subscribe((event) => this.#hear(engine, event));
    for (const container of engine.containers.all()) this.#resume(engine, container);
  }

  /** Ends all probing; the containers keep the health they have. */
  async close(): Promise<void> {
    this.#unsubscribe();
    for (const container of [...this.#watches.keys()]) this.#leave(container);
    await Promise.all(this.#probing);
  }

  #hear(engine: Engine, { type, action, id }: EngineEvent): void {
    const container = type === 'container' ? engine.containers.get(id) : undefined;
    if (!container || !checkOf(container.record.config)) return;
    if (action === 'start') container.health = starting();
    if (action === 'start' || action === 'unpause') this.#watch(engine, container);
    if (action === 'die' || action === 'pause') this.#leave(container);
    // As docker: of one that does not run nobody can say that it is well.
    if (action === 'die' && container.health) container.health.status = 'unhealthy';
  }

  /** What an earlier supervisor knew of this life of the container is still true. */
  #resume(engine: Engine, container: Container): void {
    const { state, config, health } = container.record;
    if (!checkOf(config)) return;
    const isSameLife = health && 'startedAt' in state && health.startedAt === state.startedAt;
    const { status, failingStreak } = isSameLife ? health : starting();
    if (isAlive(state)) container.health = { status, failingStreak, log: [] };
    else if (isSameLife) container.health = { status: 'unhealthy', failingStreak, log: [] };
    if (state.status === 'running') this.#watch(engine, container);
  }

  #watch(engine: Engine, container: Container): void {
    const check = checkOf(container.record.config);
    if (!check) return;
    this.#leave(container);
    const watch: Watch = { check, timer: undefined, stop: new AbortController() };
    this.#watches.set(container, watch);
    this.#schedule(engine, container, watch);
  }

  #leave(container: Container): void {
    const watch = this.#watches.get(container);
    clearTimeout(watch?.timer);
    watch?.stop.abort();
    this.#watches.delete(container);
  }

  #schedule(engine: Engine, container: Container, watch: Watch): void {
    const health = container.health ?? starting();
    const delayMs = probeDelayMs(watch.check, health, ranMs(engine, container));
    watch.timer = setTimeout(() => {
      const probing = this.#probe(engine, container, watch).catch((error) => {
        if (!(error instanceof NotFoundError))
          engine.log.error(
            { err: error, id: container.id },
            'cannot keep the health of a container',
          );
      });
      this.#probing.add(probing);
      void probing.then(() => this.#probing.delete(probing));
    }, delayMs);
  }

  async #probe(engine: Engine, container: Container, watch: Watch): Promise<void> {
    const { check, stop } = watch;
    const inStartPeriod = ranMs(engine, container) < check.startPeriodMs;
    const result = await this.#result(engine, container, check, stop.signal);
    if (stop.signal.aborted) return;
    const before = container.health ?? starting();
    container.health = afterProbe(before, result, check, inStartPeriod);
    const { status } = container.health;
    if (status !== before.status) await tell(engine, container, status);
    if (!stop.signal.aborted) this.#schedule(engine, container, watch);
  }

  async #result(
    engine: Engine,
    container: Container,
    { argv, timeoutMs }: Check,
    signal: AbortSignal,
  ): Promise<ProbeResult> {
    const start = now();
    const { exitCode, output } = await this.probe(engine, container, argv, timeoutMs, signal).catch(
      (error: Error) => ({ exitCode: -1, output: error.message }),
    );
    return { start, end: now(), exitCode, output };
  }
}

/** Keeps the new status for the next supervisor, and publishes it. */
async function tell(engine: Engine, container: Container, status: HealthStatus): Promise<void> {
  await container.lock.run(async () => {
    const { state } = container.record;
    if (!isAlive(state) || !container.health) return;
    const { failingStreak } = container.health;
    const { startedAt } = state;
    await setState(container, state, { health: { status, failingStreak, startedAt } });
  });
  emit(engine, container, `health_status: ${status}`);
}

function ranMs({ facts }: Engine, { record: { state } }: Container): number {
  return isAlive(state) ? lifetimeMs(state, now(), facts.bootId) : 0;
}
