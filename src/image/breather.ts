/** Lets a long loop of synchronous calls give way to the event loop often enough. */
import { setImmediate } from 'node:timers/promises';

/** How long such a loop may hold the event loop, milliseconds. */
const sliceMs = 8;

export class Breather {
  #since = performance.now();

  /** Await it between two pieces of work: gives way if the slice is over. */
  async breathe(): Promise<void> {
    if (performance.now() - this.#since < sliceMs) return;
    await setImmediate();
    this.#since = performance.now();
  }
}
