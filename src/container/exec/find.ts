import { NotFoundError } from '../../errors/errors.ts';
import type { Engine } from '../engine.ts';
import type { Exec } from './exec.ts';

/** By its whole id. @throws NotFoundError with docker's words */
export function findExec(engine: Engine, id: string): Exec {
  for (const { execs } of engine.containers.all()) {
    const exec = execs.get(id);
    if (exec) return exec;
  }
  throw new NotFoundError(`No such exec instance: ${id}`);
}
