/**
 * `GET /containers/{id}/steps`: Petri's own. The steps that built the container, with their results, and the ids of its
 * execs, which have steps too; with `follow=1` one line of JSON for each step as it is performed.
 */
import { readSteps } from '../../container/steps-file.ts';
import type { Container } from '../../container/table.ts';
import type { Exchange } from '../exchange.ts';
import { followSteps, type Listen } from '../step-stream.ts';
import { containerOf } from './find.ts';

export async function steps(exchange: Exchange): Promise<void> {
  const container = containerOf(exchange);
  const isFollowed = exchange.query.flag('follow');
  const done = await readSteps(container);
  if (isFollowed) return followSteps(exchange, done, done ? undefined : startOf(container));
  exchange.json({
    Steps: done?.steps ?? [],
    Results: done?.results ?? [],
    Execs: [...container.execs.keys()],
  });
}

function startOf(container: Container): Listen {
  return (onStep, onEnd) => {
    container.on('step', onStep);
    container.once('state', onEnd);
    container.once('removed', onEnd);
    return () => {
      container.off('step', onStep);
      container.off('state', onEnd);
      container.off('removed', onEnd);
    };
  };
}
