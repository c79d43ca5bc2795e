/** Who holds what: nothing that is held is removed, however often it was held. */
export class Holds<Key> {
  readonly #counts = new Map<Key, number>();

  /** @returns ends the hold; called again it does nothing */
  hold(key: Key): () => void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      const left = (this.#counts.get(key) ?? 1) - 1;
      if (left > 0) this.#counts.set(key, left);
      else this.#counts.delete(key);
    };
  }

  has(key: Key): boolean {
    return this.#counts.has(key);
  }
}
