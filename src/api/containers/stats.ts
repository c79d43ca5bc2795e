/**
 * `GET /containers/{id}/stats?stream=&one-shot=`: once a second a line of JSON, or one answer. Without `one-shot` that
 * one has two samples in it, a second apart, as clients compute a share of the CPU from them.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Sample, takeSample } from '../../container/stats.ts';
import { InvalidError } from '../../errors/errors.ts';
import type { Exchange } from '../exchange.ts';
import { statsView } from '../views/stats.ts';
import { writeLine } from '../write.ts';
import { containerOf } from './find.ts';

const INTERVAL_MS = 1000;

export async function stats(exchange: Exchange): Promise<void> {
  const { query } = exchange;
  const isStream = query.flag('stream', true);
  const isOneShot = query.flag('one-shot');
  if (isStream && isOneShot) throw new InvalidError('cannot have stream=true and one-shot=true');
  if (isStream) return stream(exchange);
  const { engine, signal } = exchange;
  const container = containerOf(exchange);
  const first = await takeSample(engine, container);
  if (!first || isOneShot)
    return exchange.json(statsView(container, engine.facts, first, undefined));
  await delay(INTERVAL_MS, undefined, { signal });
  exchange.json(statsView(container, engine.facts, await takeSample(engine, container), first));
}

/** Goes on while the container exists, also when it does not run: it may be started again. */
async function stream(exchange: Exchange): Promise<void> {
  const { engine, signal } = exchange;
  const container = containerOf(exchange);
  const response = exchange.stream('application/json');
  const gone = new AbortController();
  const isGone = () => gone.abort();
  container.once('removed', isGone);
  try {
    let before: Sample | undefined;
    for (;;) {
      const sample = await takeSample(engine, container);
      await writeLine(response, statsView(container, engine.facts, sample, before), signal);
      before = sample;
      await delay(INTERVAL_MS, undefined, { signal: AbortSignal.any([signal, gone.signal]) });
    }
  } catch (error) {
    if (!gone.signal.aborted) throw error;
    response.end();
  } finally {
    container.off('removed', isGone);
  }
}
