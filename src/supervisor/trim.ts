/**
 * Gives back what a burst of work has taken. Left alone, V8 collects when it next needs room, and an engine that rests
 * after thirty containers at once would hold their garbage for days.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Events } from '../container/engine.ts';
import { mallocTrim } from '../kernel/malloc-trim.ts';

/** So long nothing has happened: a collection of some 15 ms disturbs nobody. */
const QUIET_MS = 2_000;

/** After each time of activity, once. @returns stops it */
export function trimWhenQuiet(events: Events): () => void {
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
