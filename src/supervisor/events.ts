import { EventEmitter } from 'node:events';
import type { EngineEvent, Events } from '../container/engine.ts';

/** How many events are kept for those who ask `since`. */
const HISTORY = 256;

/** Events in one total order: each subscriber sees all of them, in it. */
export class EventBus implements Events {
  readonly #emitter = new EventEmitter<{ event: [EngineEvent] }>().setMaxListeners(0);
  readonly #history: EngineEvent[] = [];
  #lastNs = 0n;

  emit(event: EngineEvent): void {
    // Two events never have the same time, and none is before the one that went before it.
    this.#lastNs = event.timeNs > this.#lastNs ? event.timeNs : this.#lastNs + 1n;
    const ordered = { ...event, timeNs: this.#lastNs };
    this.#history.push(ordered);
    if (this.#history.length > HISTORY) this.#history.shift();
    this.#emitter.emit('event', ordered);
  }

  subscribe(listener: (event: EngineEvent) => void): () => void {
    this.#emitter.on('event', listener);
    return () => this.#emitter.off('event', listener);
  }

  /** The last events, oldest first. */
  history(): readonly EngineEvent[] {
    return this.#history;
  }
}
