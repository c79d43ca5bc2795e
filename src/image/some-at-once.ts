/** Work on several things at a time, but not on all. */

/**
 * Begun in the order given, so many at a time; the first failure ends all.
 * @param work its signal fires when another one failed, or `signal` did
 * @returns the results in the order of the items
 * @throws the first failure, when none is at work any more
 */
export async function someAtOnce<Item, Result>(
  items: readonly Item[],
  count: number,
  signal: AbortSignal,
  work: (item: Item, signal: AbortSignal) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const queue = items.entries();
  const worker = async () => {
    for (const [i, item] of queue) {
      either.throwIfAborted();
      results[i] = await work(item, either);
    }
  };
  const workers = Array.from({ length: Math.min(count, items.length) }, () =>
    worker().catch((error: unknown) => {
      failed.abort(error);
      throw error;
    }),
  );
  await Promise.allSettled(workers);
  either.throwIfAborted();
  return results;
}
