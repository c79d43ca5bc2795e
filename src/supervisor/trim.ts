/**
 * Gives back what a burst of work has taken. Left alone, V8 collects when it next needs room, and an engine that rests
 * after thirty containers at once would hold their garbage for days.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Events } from '../container/engine.ts';
import { mallocReturnFrom, mallocTrim } from '../kernel/malloc.ts';

/** So long nothing has happened: a collection of some 15 ms disturbs nobody. */
const QUIET_MS = 2_000;

/** The buffers of transfers are as large or larger, and are not kept when one has ended. */
const TRANSFER_BYTES = 64 * 1024;

/** After each time of activity, once. @returns stops it */
export function trimWhenQuiet(events: Events): () => void {
  mallocReturnFrom(TRANSFER_BYTES);
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const timer = setTimeout(() => {
    collect();
    mallocTrim();
  }, QUIET_MS).unref();
  const stop = events.subscribe(() => timer.refresh());
  return () => {
    clearTimeout(timer);
    stop();
  };
}
