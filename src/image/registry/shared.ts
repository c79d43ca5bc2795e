/**
 * One piece of work for all who want its result now: several layers of one image need one token. It ends early only when
 * all who wait have gone; what it has found is kept until it is no longer good.
 */
export class Shared<T> {
  #running: { result: Promise<T>; abort: AbortController; waiting: number } | undefined;
  #kept: T | undefined;

  /**
   * @param work is given a signal that fires when nobody waits any more
   * @param isGood whether a result may still be used
   */
  constructor(
    private readonly work: (signal: AbortSignal) => Promise<T>,
    private readonly isGood: (result: T) => boolean = () => true,
  ) {}

  /** @throws what the work throws, or the reason of the signal */
  async get(signal: AbortSignal): Promise<T> {
    if (this.#kept !== undefined && this.isGood(this.#kept)) return this.#kept;
    signal.throwIfAborted();
    const running = this.#running ?? this.#start();
    running.waiting += 1;
    try {
      return await untilAborted(running.result, signal);
    } finally {
      running.waiting -= 1;
      if (running.waiting === 0 && this.#running === running) {
        this.#running = undefined;
        running.abort.abort(signal.reason);
      }
    }
  }

  forget(): void {
    this.#kept = undefined;
  }

  #start() {
    const abort = new AbortController();
    const running = { result: this.work(abort.signal), abort, waiting: 0 };
    this.#running = running;
    running.result.then(
      (result) => {
        this.#kept = result;
        if (this.#running === running) this.#running = undefined;
      },
      () => {
        if (this.#running === running) this.#running = undefined;
      },
    );
    return running;
  }
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
