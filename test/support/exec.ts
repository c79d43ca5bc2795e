/** Execs inside the test's process, without the API. */
import { createExec } from '../../src/container/exec/create.ts';
import { endOfExec } from '../../src/container/exec/end.ts';
import type { Exec, ExecConfig } from '../../src/container/exec/exec.ts';
import { claimExec, startExec } from '../../src/container/exec/start.ts';
import type { Container } from '../../src/container/table.ts';
import type { TestEngine } from './engine.ts';
import { unframe } from './shim.ts';

export const EXEC_CONFIG: ExecConfig = {
  AttachStdin: false,
  AttachStdout: true,
  AttachStderr: true,
  DetachKeys: '',
  Tty: false,
  Env: [],
  Cmd: ['true'],
  Privileged: false,
  User: '',
  WorkingDir: '',
  ConsoleSize: [0, 0],
};

export interface ExecRan {
  stdout: string;
  stderr: string;
  exitCode: number;
}

/** Makes, starts and awaits one. @param input what it is sent, when it has a stdin */
export async function execIn(
  { engine }: TestEngine,
  container: Container,
  command: string[],
  config: Partial<ExecConfig> = {},
  input = '',
): Promise<ExecRan> {
  const exec = createExec(engine, container, { ...EXEC_CONFIG, Cmd: command, ...config });
  claimExec(exec);
  const stdin = exec.config.AttachStdin;
  const stream = await startExec(engine, exec, { stdin, stdout: true, stderr: true });
  if (stdin && !exec.config.Tty) stream?.end(input);
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(chunk as Buffer);
  stream?.destroy();
  const bytes = Buffer.concat(chunks);
  const output = exec.config.Tty ? { stdout: String(bytes), stderr: '' } : unframe(bytes);
  return { ...output, exitCode: await endOfExec(exec) };
}

/** One that is started and runs. */
export async function execRunning(
  { engine }: TestEngine,
  container: Container,
  command: string[],
  config: Partial<ExecConfig> = {},
): Promise<Exec> {
  const exec = createExec(engine, container, { ...EXEC_CONFIG, Cmd: command, ...config });
  claimExec(exec);
  await startExec(engine, exec);
  return exec;
}
