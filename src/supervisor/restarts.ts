/**
 * Starts containers again as their restart policies want it: those that wait after an end, and, when the supervisor
 * comes back, those whose policy says so. The decision is src/container/restart-policy.ts, made when an end is recorded;
 * here are the timers, one for each container that waits.
 */

import type { Engine } from '../container/engine.ts';
import { remainingDelayMs, startsWithEngine } from '../container/restart-policy.ts';
import { start } from '../container/start.ts';
import type { Container } from '../container/table.ts';
import { NotFoundError, NotModifiedError } from '../errors/errors.ts';

export class Restarts {
  readonly #timers = new Map<Container, NodeJS.Timeout>();
  readonly #starting = new Set<Promise<void>>();
  #engine: Engine | undefined;
  #unsubscribe: () => void = () => undefined;

  /** @param startOne how a container is started; for tests */
  constructor(private readonly startOne = start) {}

  /** From now on; also starts what waits already and what starts with the engine. */
  begin(engine: Engine): void {
    this.#engine = engine;
    this.#unsubscribe = engine.events.subscribe(({ type, action, id }) => {
      const container = type === 'container' && action === 'die' && engine.containers.get(id);
      if (container) this.#wait(container, container.record.restartDelayMs ?? 0);
    });
    for (const container of engine.containers.all()) this.#resume(container);
  }

  /** Ends all waiting; the records say who waited. */
  async close(): Promise<void> {
    this.#unsubscribe();
    this.#engine = undefined;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    await Promise.all(this.#starting);
  }

  /** How many wait; for tests. */
  get waiting(): number {
    return this.#timers.size;
  }

  #resume(container: Container): void {
    const { state, hostConfig, manuallyStopped = false, restartDelayMs = 0 } = container.record;
    if (state.status === 'restarting')
      this.#wait(container, remainingDelayMs(restartDelayMs, state.finishedAt, Date.now()));
    else if (
      state.status === 'exited' &&
      startsWithEngine(hostConfig.RestartPolicy, manuallyStopped)
    )
      this.#start(container, false);
  }

  #wait(container: Container, delayMs: number): void {
    if (container.record.state.status !== 'restarting') return;
    this.#forget(container);
    const timer = setTimeout(() => {
      this.#forget(container);
      this.#start(container, true);
    }, delayMs);
    this.#timers.set(container, timer);
    container.once('state', () => this.#check(container));
  }

  /** The user may have stopped it meanwhile. A change of another kind leaves it waiting. */
  #check(container: Container): void {
    if (container.record.state.status !== 'restarting') this.#forget(container);
    else if (this.#timers.has(container)) container.once('state', () => this.#check(container));
  }

  #forget(container: Container): void {
    clearTimeout(this.#timers.get(container));
    this.#timers.delete(container);
  }

  #start(container: Container, byPolicy: boolean): void {
    const engine = this.#engine;
    if (!engine) return;
    const started = this.startOne(engine, container, { byPolicy }).catch((error) => {
      if (!(error instanceof NotModifiedError || error instanceof NotFoundError))
        engine.log.warn(
          { err: error, id: container.id },
          'a restart policy cannot start a container',
        );
    });
    this.#starting.add(started);
    void started.then(() => this.#starting.delete(started));
  }
}
