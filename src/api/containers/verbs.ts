/** The verbs on one container that answer without a body. `POST /containers/{id}/VERB` */
import { resize as resizeTerminal } from '../../container/attach.ts';
import { kill as killContainer } from '../../container/kill.ts';
import { pause as pauseContainer, unpause as unpauseContainer } from '../../container/pause.ts';
import { remove as removeContainer } from '../../container/remove.ts';
import { rename as renameContainer } from '../../container/rename.ts';
import { start as startContainer } from '../../container/start.ts';
import {
  restart as restartContainer,
  type StopOptions,
  stop as stopContainer,
} from '../../container/stop.ts';
import type { Container } from '../../container/table.ts';
import { ConflictError, InvalidError, NotBuiltError, NotFoundError } from '../../errors/errors.ts';
import { readJson } from '../body.ts';
import type { Exchange } from '../exchange.ts';
import { containerOf } from './find.ts';

export async function start(exchange: Exchange): Promise<void> {
  const { engine, query, request } = exchange;
  const container = containerOf(exchange);
  if (query.text('checkpoint')) throw new NotBuiltError('checkpoints are not built');
  const body = await readJson(request);
  if (typeof body === 'object' && body !== null && Object.keys(body).length > 0)
    throw new InvalidError(
      'starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24',
    );
  await startContainer(engine, container);
  exchange.empty(204);
}

export async function stop(exchange: Exchange): Promise<void> {
  await stopContainer(exchange.engine, containerOf(exchange), stopOptions(exchange));
  exchange.empty(204);
}

export async function restart(exchange: Exchange): Promise<void> {
  await restartContainer(exchange.engine, containerOf(exchange), stopOptions(exchange));
  exchange.empty(204);
}

export async function kill(exchange: Exchange): Promise<void> {
  const signal = exchange.query.text('signal') || 'SIGKILL';
  await killContainer(exchange.engine, toKill(exchange), signal);
  exchange.empty(204);
}

/** Docker's own words for one that is not there. */
function toKill(exchange: Exchange): Container {
  try {
    return containerOf(exchange);
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    throw new NotFoundError(`cannot kill container: ${exchange.params.id}: ${error.message}`);
  }
}

export async function pause(exchange: Exchange): Promise<void> {
  await pauseContainer(exchange.engine, containerOf(exchange));
  exchange.empty(204);
}

export async function unpause(exchange: Exchange): Promise<void> {
  await unpauseContainer(exchange.engine, containerOf(exchange));
  exchange.empty(204);
}

export async function rename(exchange: Exchange): Promise<void> {
  const container = containerOf(exchange);
  const name = exchange.query.text('name') ?? '';
  if (name === '') throw new InvalidError('Neither old nor new names may be empty');
  await renameContainer(exchange.engine, container, name);
  exchange.empty(204);
}

/** `DELETE /containers/{id}?force=&v=` */
export async function remove(exchange: Exchange): Promise<void> {
  const { engine, query } = exchange;
  const container = containerOf(exchange);
  if (query.flag('link'))
    throw new ConflictError('Conflict, cannot remove the default link name of the container');
  const options = { force: query.flag('force'), volumes: query.flag('v') };
  await removeContainer(engine, container, options);
  exchange.empty(204);
}

/** `POST /containers/{id}/resize?h=&w=` */
export async function resize(exchange: Exchange): Promise<void> {
  const { engine, query } = exchange;
  const side = { min: 0, max: 65535 };
  const [rows, columns] = [query.integer('h', side), query.integer('w', side)];
  if (rows === undefined || columns === undefined)
    throw new InvalidError('resize needs h (rows) and w (columns)');
  await resizeTerminal(engine, containerOf(exchange), rows, columns);
  exchange.empty(200);
}

function stopOptions({ query }: Exchange): StopOptions {
  const signal = query.text('signal');
  const timeoutSeconds = query.integer('t', { min: -1, max: 2 ** 31 - 1 });
  return {
    ...(signal ? { signal } : {}),
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
  };
}
