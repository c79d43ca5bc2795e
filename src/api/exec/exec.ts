/** Execs, but for their start: `POST /containers/{id}/exec`, `GET /exec/{id}/json`, `POST /exec/{id}/resize` */
import { createExec } from '../../container/exec/create.ts';
import type { Exec } from '../../container/exec/exec.ts';
import { findExec } from '../../container/exec/find.ts';
import { resizeExec } from '../../container/exec/start.ts';
import { InvalidError } from '../../errors/errors.ts';
import { containerOf } from '../containers/find.ts';
import { detachKeys } from '../detach-keys.ts';
import type { Exchange } from '../exchange.ts';
import { execConfig } from '../schema/exec.ts';

export async function create(exchange: Exchange): Promise<void> {
  const container = containerOf(exchange);
  const config = execConfig(await exchange.readJson());
  detachKeys(config.DetachKeys);
  exchange.json({ Id: createExec(exchange.engine, container, config).id }, 201);
}

export function inspect(exchange: Exchange): void {
  exchange.json(execView(findExec(exchange.engine, exchange.param('id'))));
}

/** `POST /exec/{id}/resize?h=&w=` */
export function resize(exchange: Exchange): void {
  const exec = findExec(exchange.engine, exchange.param('id'));
  const side = { min: 0, max: 65535 };
  const [rows, columns] = [exchange.query.integer('h', side), exchange.query.integer('w', side)];
  if (rows === undefined || columns === undefined)
    throw new InvalidError('resize needs h (rows) and w (columns)');
  resizeExec(exec, rows, columns);
  exchange.empty(200);
}

function execView({ id, container, config, state }: Exec): object {
  const [entrypoint, ...args] = config.Cmd;
  return {
    ID: id,
    Running: state.status === 'starting' || state.status === 'running',
    ExitCode: state.status === 'ended' ? state.exitCode : null,
    ProcessConfig: {
      tty: config.Tty,
      entrypoint,
      arguments: args,
      privileged: config.Privileged,
      ...(config.User ? { user: config.User } : {}),
    },
    OpenStdin: config.AttachStdin,
    OpenStderr: config.AttachStderr,
    OpenStdout: config.AttachStdout,
    CanRemove: false,
    ContainerID: container.id,
    DetachKeys: detachKeys(config.DetachKeys).toString('base64'),
    Pid: 'pid' in state ? state.pid : 0,
  };
}
