/** A queue for one object: what is passed to `run` happens one after the other, in order of arrival. */
export class Lock {
  #tail: Promise<unknown> = Promise.resolve();
  #closed: Error | undefined;

  /** Resolves when what is queued now has ended. */
  async idle(): Promise<void> {
    await this.#tail;
  }

  /**
   * Runs `action` when everything queued before it has ended, whatever its outcome.
   * @throws the reason of `close` when it has been called by then
   */
  run<T>(action: () => Promise<T>): Promise<T> {
    const inTurn = () => (this.#closed ? Promise.reject(this.#closed) : action());
    const turn = this.#tail.then(inTurn, inTurn);
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  /** The object is gone: whoever waits for it, or comes later, is told so. */
  close(reason: Error): void {
    this.#closed ??= reason;
  }
}
