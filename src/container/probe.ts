/** Runs a health check once: an exec in the container, with its output, and an end when it takes too long. */
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { processIdentity, sendSignal } from '../kernel/pidfd.ts';
import type { Engine } from './engine.ts';
import { createExec } from './exec/create.ts';
import { endOfExec } from './exec/end.ts';
import type { Exec, ExecConfig } from './exec/exec.ts';
import { claimExec, startExec } from './exec/start.ts';
import { OUTPUT_BYTES } from './health.ts';
import type { Container } from './table.ts';

export interface Probe {
  exitCode: number;
  output: string;
}

const SIGKILL = 9;
const HEADER_BYTES = 8;

/**
 * @param signal gives up: the program is killed, and nobody waits for its end
 * @throws ConflictError when the container does not run any more, StartError when the program cannot be started
 */
export async function runProbe(
  engine: Engine,
  container: Container,
  argv: string[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Probe> {
  const exec = createExec(engine, container, { ...quiet, Cmd: argv });
  const over = new AbortController();
  const running = run(engine, exec, over.signal);
  running.catch(() => undefined);
  try {
    const ends = { signal: AbortSignal.any([signal, over.signal]) };
    const probe = await Promise.race([running, delay(timeoutMs, undefined, ends)]);
    return (
      probe ?? { exitCode: -1, output: `Health check exceeded timeout (${seconds(timeoutMs)})` }
    );
  } finally {
    over.abort();
    killExec(exec);
    container.execs.delete(exec.id);
  }
}

/** Starting may take as long as the container is frozen; who has been given up by then is killed. */
async function run(engine: Engine, exec: Exec, over: AbortSignal): Promise<Probe> {
  claimExec(exec);
  const stream = await startExec(engine, exec, { stdin: false, stdout: true, stderr: true });
  if (over.aborted) killExec(exec);
  const [exitCode, output] = await Promise.all([endOfExec(exec), stream ? read(stream) : '']);
  return { exitCode, output };
}

const quiet: Omit<ExecConfig, 'Cmd'> = {
  AttachStdin: false,
  AttachStdout: true,
  AttachStderr: true,
  DetachKeys: '',
  Tty: false,
  Env: [],
  Privileged: false,
  User: '',
  WorkingDir: '',
  ConsoleSize: [0, 0],
};

/** Its pid is still its own: the shim, which has not told its end, keeps it. */
function killExec({ state }: Exec): void {
  if (state.status !== 'running') return;
  try {
    sendSignal(processIdentity(state.pid), SIGKILL);
  } catch {
    // It has ended by itself.
  }
}

/** The payload of docker's frames, as far as it is kept. */
async function read(stream: Duplex): Promise<string> {
  let rest = Buffer.alloc(0);
  let output = Buffer.alloc(0);
  stream.end();
  for await (const chunk of stream) {
    rest = Buffer.concat([rest, chunk as Buffer]);
    while (rest.length >= HEADER_BYTES) {
      const length = rest.readUInt32BE(4);
      if (rest.length < HEADER_BYTES + length) break;
      if (output.length <= OUTPUT_BYTES)
        output = Buffer.concat([output, rest.subarray(HEADER_BYTES, HEADER_BYTES + length)]);
      rest = rest.subarray(HEADER_BYTES + length);
    }
  }
  const text = output.subarray(0, OUTPUT_BYTES).toString('utf8');
  return output.length > OUTPUT_BYTES ? `${text}...` : text;
}

/** As Go prints a duration of this kind: `30s`, `1.5s`, `200ms`. */
function seconds(ms: number): string {
  return ms < 1000 ? `${ms}ms` : `${ms / 1000}s`;
}
