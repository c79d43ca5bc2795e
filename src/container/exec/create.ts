/** `POST /containers/{id}/exec` */
import { randomBytes } from 'node:crypto';
import { ConflictError, InvalidError } from '../../errors/errors.ts';
import type { Engine } from '../engine.ts';
import { emit } from '../events.ts';
import type { Container } from '../table.ts';
import { Exec, type ExecConfig } from './exec.ts';
import { makeExecFolderSoon } from './folder.ts';

/**
 * Remembers what is to be run; nothing runs yet.
 * @throws InvalidError without a command, ConflictError with docker's words when the container cannot run one
 */
export function createExec(engine: Engine, container: Container, config: ExecConfig): Exec {
  if (config.Cmd.length === 0) throw new InvalidError('No exec command specified');
  assertRunning(container);
  const exec = new Exec(randomBytes(32).toString('hex'), container, config);
  container.execs.set(exec.id, exec);
  makeExecFolderSoon(exec);
  emit(engine, container, `exec_create: ${commandLine(exec)}`, { execID: exec.id });
  return exec;
}

/** As docker's events write it: a program without arguments has a space behind it. */
export function commandLine({ config: { Cmd } }: Exec): string {
  const [program, ...args] = Cmd;
  return `${program} ${args.join(' ')}`;
}

/** @throws ConflictError with docker's words when it is not running, or paused, or waiting to be restarted */
export function assertRunning({ id, name, record: { state } }: Container): void {
  if (state.status === 'paused')
    throw new ConflictError(`Container ${name} is paused, unpause the container before exec`);
  if (state.status === 'restarting')
    throw new ConflictError(`Container ${id} is restarting, wait until the container is running`);
  if (state.status !== 'running') throw new ConflictError(`Container ${id} is not running`);
}
