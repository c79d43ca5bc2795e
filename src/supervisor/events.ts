import { EventEmitter } from 'node:events';
import type { EngineEvent, Events } from '../container/engine.ts';
import { type EventFile, HISTORY } from './event-file.ts';

/** Events in one total order, over restarts too: each subscriber sees all of them, in it. */
export class EventBus implements Events {
  readonly #emitter = new EventEmitter<{ event: [EngineEvent] }>().setMaxListeners(0);
  readonly #history: EngineEvent[];
  #lastNs: bigint;

  /** @param file where they are kept for the next supervisor; undefined: nowhere */
  constructor(private readonly file?: EventFile) {
    this.#history = [...(file?.events ?? [])];
    this.#lastNs = this.#history.at(-1)?.timeNs ?? 0n;
  }

  emit(event: EngineEvent): void {
    // Two events never have the same time, and none is before the one that went before it.
    this.#lastNs = event.timeNs > this.#lastNs ? event.timeNs : this.#lastNs + 1n;
    const ordered = { ...event, timeNs: this.#lastNs };
    this.#history.push(ordered);
    if (this.#history.length > HISTORY) this.#history.shift();
    this.file?.append(ordered, this.#history);
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
