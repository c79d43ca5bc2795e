/** The executed steps of a container's last start, with their results: kept for `explain`. */
import { readFile, writeFile } from 'node:fs/promises';
import type { Result, Step } from '../step/step.ts';
import type { Engine } from './engine.ts';
import type { Container } from './table.ts';

export interface Execution {
  steps: readonly Step[];
  results: readonly Result[];
}

/** A container that lives shorter than this is not worth a file. */
const WRITE_AFTER_MS = 200;

const writing = new WeakMap<Container, NodeJS.Timeout>();

/** Keeps it in memory at once and on disk soon after; losing it in a crash loses an explanation, no state. */
export function keepSteps(engine: Engine, container: Container, execution: Execution): void {
  container.execution = execution;
  forgetSteps(container);
  const write = () =>
    writeFile(container.paths.steps, JSON.stringify(execution), { mode: 0o600 }).catch((error) => {
      // Removed while it was being written.
      if (error.code !== 'ENOENT')
        engine.log.warn({ err: error, id: container.id }, 'cannot keep the steps for explain');
    });
  writing.set(container, setTimeout(write, WRITE_AFTER_MS));
}

/** The container goes: its steps need not be written any more. */
export function forgetSteps(container: Container): void {
  clearTimeout(writing.get(container));
}

/** Undefined when it was never started. */
export async function readSteps(container: Container): Promise<Execution | undefined> {
  if (container.execution) return container.execution;
  try {
    return JSON.parse(await readFile(container.paths.steps, 'utf8')) as Execution;
  } catch {
    return undefined;
  }
}
