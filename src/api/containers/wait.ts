import { type WaitCondition, wait as waitFor } from '../../container/wait.ts';
import { InvalidError } from '../../errors/errors.ts';
import type { Exchange } from '../exchange.ts';
import { containerOf } from './find.ts';

const conditions: readonly string[] = ['not-running', 'next-exit', 'removed'];

/**
 * `POST /containers/{id}/wait?condition=`. The head goes out at once: `docker run` takes it as the sign
 * that the waiter is registered, and only then starts the container.
 */
export async function wait(exchange: Exchange): Promise<void> {
  const container = containerOf(exchange);
  const condition = exchange.query.text('condition') || 'not-running';
  if (!conditions.includes(condition)) throw new InvalidError(`invalid condition: "${condition}"`);
  const ended = waitFor(exchange.engine, container, condition as WaitCondition, exchange.signal);
  ended.catch(() => undefined);
  const response = exchange.stream('application/json');
  const { exitCode, error } = await ended;
  // As dockerd: a failed start is an error only to who asks afterwards; a client that waited for the
  // end has the answer of its start, and would say the same thing twice.
  const told = condition === 'not-running' && error ? { Message: error } : null;
  response.end(`${JSON.stringify({ StatusCode: exitCode, Error: told })}\n`);
}
