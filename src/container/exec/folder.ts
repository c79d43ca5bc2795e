/**
 * The folder of an exec: the socket of its shim, and what it was asked for, by which the next supervisor knows it (adopt.ts).
 * It lies in the container's, and goes with it at the latest.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConflictError } from '../../errors/errors.ts';
import type { Exec } from './exec.ts';

/** What was asked for. */
export const EXEC_FILE = 'exec.json';

/** By now a client that waits for the end has heard of it. */
const TIDY_MS = 20;

/**
 * Makes it, if it is not there yet. The file may be lost, so it need not be synced.
 * @throws ConflictError with docker's words when the container has ended
 */
export function makeExecFolder({ container, runDir, config }: Exec): void {
  const file = join(runDir, EXEC_FILE);
  if (existsSync(file)) return;
  try {
    // Never the container's own run folder, which goes a moment before its record says that it has ended.
    if (!existsSync(container.paths.execs)) mkdirSync(container.paths.execs, { mode: 0o700 });
    mkdirSync(runDir, { mode: 0o700 });
    writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new ConflictError(`Container ${container.id} is not running`, { cause: error });
  }
}

/** While a client is still busy with the answer of its request for the exec, its folder is made: its next request is the start. */
export function makeExecFolderSoon(exec: Exec): void {
  setImmediate(() => {
    try {
      if (exec.state.status === 'created') makeExecFolder(exec);
    } catch {
      removeExecFolder(exec); // the start tries again, and tells
    }
  });
}

/** Removes it a moment later: who waits for the end is told first. */
export function removeExecFolderSoon(exec: Exec): void {
  setTimeout(() => removeExecFolder(exec), TIDY_MS);
}

export function removeExecFolder({ runDir }: Exec): void {
  rmSync(runDir, { recursive: true, force: true });
}
