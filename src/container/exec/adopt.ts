/**
 * What a new supervisor does with the execs of a container that runs on: those whose shim answers are followed as before,
 * the folders of the others go. Each exec's folder says in `exec.json` what it was asked for.
 */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Engine } from '../engine.ts';
import { ShimLink } from '../shim-link.ts';
import type { Container } from '../table.ts';
import { watchExecEnd } from './end.ts';
import { Exec, type ExecConfig } from './exec.ts';
import { EXEC_FILE } from './folder.ts';

const schema = z.object({
  AttachStdin: z.boolean(),
  AttachStdout: z.boolean(),
  AttachStderr: z.boolean(),
  DetachKeys: z.string(),
  Tty: z.boolean(),
  Env: z.array(z.string()),
  Cmd: z.array(z.string()).min(1),
  Privileged: z.boolean(),
  User: z.string(),
  WorkingDir: z.string(),
  ConsoleSize: z.tuple([z.number(), z.number()]),
});

/** Finds the execs of a container that an earlier supervisor has started. */
export async function adoptExecs(engine: Engine, container: Container): Promise<void> {
  const ids = await readdir(container.paths.execs).catch(() => []);
  await Promise.all(ids.map((id) => adoptOne(engine, container, id)));
}

async function adoptOne(engine: Engine, container: Container, id: string): Promise<void> {
  const folder = join(container.paths.execs, id);
  const config = await readConfig(folder);
  const link = config && ShimLink.tryConnect(folder);
  if (!link) {
    await rm(folder, { recursive: true, force: true });
    return;
  }
  const exec = new Exec(id, container, config);
  container.execs.set(id, exec);
  exec.state = { status: 'starting' };
  link.once('running', ({ pid, startTicks }) => {
    exec.state = { status: 'running', pid, startTicks };
  });
  watchExecEnd(engine, exec, link, 0);
}

/** Undefined when the supervisor was killed before it had written it: then there is no shim yet either. */
async function readConfig(folder: string): Promise<ExecConfig | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(join(folder, EXEC_FILE), 'utf8')));
  } catch {
    return undefined;
  }
}
