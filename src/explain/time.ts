/** How long steps took, and how that is written. */
import type { Result } from '../step/step.ts';

/**
 * The time each step took by itself. `clone3` with CLONE_VFORK lasts until the child has executed the
 * program, so all steps of the container's init lie inside of it; what they took is theirs.
 * @returns nanoseconds by number of step
 */
export function ownTimes(results: readonly Result[]): Map<number, number> {
  const own = new Map(results.map((result) => [result.n, result.durationNs]));
  const open: Result[] = [];
  for (const result of results.toSorted(outermostFirst)) {
    while (open.length > 0 && endOf(open.at(-1)) <= result.startNs) open.pop();
    const around = open.at(-1);
    if (around && endOf(result) <= endOf(around)) {
      own.set(around.n, (own.get(around.n) ?? 0) - result.durationNs);
    }
    open.push(result);
  }
  return own;
}

function outermostFirst(a: Result, b: Result): number {
  return a.startNs - b.startNs || b.durationNs - a.durationNs || a.n - b.n;
}

function endOf(result: Result | undefined): number {
  return result ? result.startNs + result.durationNs : 0;
}

/** From the beginning of the first step to the end of the last, in nanoseconds; 0 without results. */
export function elapsedNs(results: readonly Result[]): number {
  if (results.length === 0) return 0;
  return Math.max(...results.map(endOf)) - Math.min(...results.map((result) => result.startNs));
}

/** A step's time: `812 µs`. Whole microseconds: what is finer is noise. */
export function microseconds(ns: number): string {
  return `${Math.round(ns / 1000)} µs`;
}

/** A phase's time: `0.94 ms`. */
export function milliseconds(ns: number): string {
  return `${(ns / 1e6).toFixed(2)} ms`;
}
