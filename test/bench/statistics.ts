/** Figures from repeated measurements. Medians: a busy machine makes single rounds slow, never fast. */

import { setTimeout as delay } from 'node:timers/promises';

export interface Figures {
  rounds: number;
  min: number;
  median: number;
  max: number;
}

/** @param samples at least one */
export function figures(samples: readonly number[]): Figures {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] as number;
  return { rounds: sorted.length, min: at(0), median: at(0.5), max: at(1) };
}

/** The kernel takes a dead network namespace apart for some 30 ms: one round's must not count as the next's. */
const SETTLE_MS = 100;

/**
 * Takes turns between several ways of doing something, so that what disturbs the machine disturbs all of them.
 * One round of each goes before, uncounted; between rounds the machine comes to rest.
 * @param ways each does one round and says its milliseconds
 */
export async function alternate(
  rounds: number,
  ways: Readonly<Record<string, () => Promise<number>>>,
): Promise<Record<string, Figures>> {
  const samples = Object.fromEntries(Object.keys(ways).map((name) => [name, [] as number[]]));
  for (let round = -1; round < rounds; round++) {
    for (const [name, way] of Object.entries(ways)) {
      await delay(SETTLE_MS);
      const ms = await way();
      if (round >= 0) samples[name]?.push(ms);
    }
  }
  return Object.fromEntries(Object.entries(samples).map(([name, each]) => [name, figures(each)]));
}

/** All rounds of one way back to back, then all of the next: what each can do when it does nothing else. */
export async function inSeries(
  rounds: number,
  ways: Readonly<Record<string, () => Promise<number>>>,
): Promise<Record<string, Figures>> {
  const found: Record<string, Figures> = {};
  for (const [name, way] of Object.entries(ways)) {
    await delay(SETTLE_MS);
    const samples: number[] = [];
    for (let round = 0; round < rounds; round++) samples.push(await way());
    found[name] = figures(samples);
  }
  return found;
}

/** Milliseconds `work` takes. */
export async function timed(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
