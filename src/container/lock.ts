/** A queue for one object: what is passed to `run` happens one after the other, in order of arrival. */
export class Lock {
  #tail: Promise<unknown> = Promise.resolve();

  /** Resolves when what is queued now has ended. */
  async idle(): Promise<void> {
    await this.#tail;
  }

  /** Runs `action` when everything queued before it has ended, whatever its outcome. */
  run<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(action, action);
    this.#tail = turn.catch(() => undefined);
    return turn;
  }
}
