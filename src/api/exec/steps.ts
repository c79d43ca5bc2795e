/** `GET /exec/{id}/steps`: Petri's own. The steps that made the exec, with their results; `follow=1` as they happen. */
import type { Exec } from '../../container/exec/exec.ts';
import { findExec } from '../../container/exec/find.ts';
import type { Exchange } from '../exchange.ts';
import { followSteps, type Listen } from '../step-stream.ts';

export async function steps(exchange: Exchange): Promise<void> {
  const exec = findExec(exchange.engine, exchange.param('id'));
  const { execution } = exec;
  if (!exchange.query.flag('follow'))
    return exchange.json({ Steps: execution?.steps ?? [], Results: execution?.results ?? [] });
  // As they are now: those that come while these are written come by the listener.
  const done = execution && { steps: execution.steps, results: [...execution.results] };
  await followSteps(exchange, done, canStart(exec) ? startOf(exec) : undefined);
}

function canStart({ state, container }: Exec): boolean {
  const isWaiting = state.status === 'created' || state.status === 'starting';
  return isWaiting && container.record.state.status === 'running';
}

/** Until it runs, has ended, or cannot be started any more. */
function startOf(exec: Exec): Listen {
  return (onStep, onEnd) => {
    const changed = () => {
      if (!canStart(exec)) onEnd();
    };
    exec.on('step', onStep);
    exec.once('started', onEnd);
    exec.once('ended', onEnd);
    exec.container.on('state', changed);
    exec.container.once('removed', onEnd);
    return () => {
      exec.off('step', onStep);
      exec.off('started', onEnd);
      exec.off('ended', onEnd);
      exec.container.off('state', changed);
      exec.container.off('removed', onEnd);
    };
  };
}
