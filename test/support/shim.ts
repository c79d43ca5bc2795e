/**
 * Runs the real shim with a hand-written plan, in a folder of its own, for tests of the shim alone.
 */

import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { close } from '../../src/kernel/files.ts';
import { sealedMemfd } from '../../src/kernel/memfd.ts';
import { reap, spawnShim } from '../../src/kernel/spawn.ts';
import { connectIn, listenIn, sendDescriptor } from '../../src/kernel/unix-socket.ts';
import { encodePlan, type ShimPlan } from '../../src/step/encode.ts';
import { parseShimLine, type ShimLine } from '../../src/step/shim-lines.ts';
import { type Args, numberSteps, type Step, type StepDraft, slot } from '../../src/step/step.ts';

const program = readFileSync(
  process.env.PETRI_SHIM ?? new URL('../../build/petri-shim', import.meta.url),
);

export function step(actor: 'shim' | 'init', call: string, args: Args = {}, more = {}): StepDraft {
  return { actor, phase: 'program', call, args, why: '', see: '', sh: '', ...more };
}

export interface Scenario {
  /** Program and arguments, e.g. `['sh', '-c', 'exit 3']`. */
  argv: string[];
  env?: string[];
  path?: string[];
  plan?: Partial<ShimPlan>;
  /** Namespaces for clone3. */
  flags?: string[];
  /** Steps of init between stdio and execve. */
  init?: StepDraft[];
  shim?: StepDraft[];
  /** Further arguments of clone3. */
  clone?: Args;
}

/** Pipes for stdio (stdin only when it is open), clone3, dup2, the scenario's own steps, execve. */
export function stepsOf(scenario: Scenario): Step[] {
  return numberSteps([
    step('shim', 'prctl', { option: ['PR_SET_CHILD_SUBREAPER'], arg2: 1 }),
    ...(scenario.plan?.terminal ? terminalSteps() : pipeSteps(scenario.plan?.stdinOpen === true)),
    ...(scenario.shim ?? []),
    step('shim', 'clone3', {
      flags: scenario.flags ?? ['CLONE_NEWPID'],
      pidfd: slot('pidfd'),
      ...scenario.clone,
    }),
    step('init', 'prctl', { option: ['PR_SET_PDEATHSIG'], arg2: 9 }),
    ...(scenario.plan?.terminal ? terminalStdio() : pipeStdio(scenario.plan?.stdinOpen === true)),
    ...(scenario.init ?? []),
    step('init', 'execve', {
      file: scenario.argv[0] ?? '',
      argv: scenario.argv,
      envp: scenario.env ?? ['PATH=/usr/bin:/bin'],
      path: scenario.path ?? ['/usr/bin', '/bin'],
    }),
  ]);
}

function pipeSteps(stdin: boolean): StepDraft[] {
  const pipe = (name: string, ours: 'read' | 'write') => {
    const other = ours === 'read' ? 'write' : 'read';
    return step('shim', 'pipe2', {
      [ours]: slot(`${name}_${ours}`),
      [other]: slot(`${name}_${other}`),
      flags: ['O_CLOEXEC'],
    });
  };
  return [
    stdin
      ? pipe('stdin', 'write')
      : step('shim', 'open', { path: '/dev/null', flags: ['O_RDONLY'], out: slot('stdin_read') }),
    pipe('stdout', 'read'),
    pipe('stderr', 'read'),
  ];
}

function pipeStdio(_stdin: boolean): StepDraft[] {
  return ['stdin_read', 'stdout_write', 'stderr_write'].map((name, to) =>
    step('init', 'dup2', { fd: slot(name), to }),
  );
}

function terminalSteps(): StepDraft[] {
  return [
    step('shim', 'open', {
      path: '/dev/ptmx',
      flags: ['O_RDWR', 'O_NOCTTY'],
      out: slot('terminal'),
    }),
    step('shim', 'ioctl', { fd: slot('terminal'), request: ['TIOCSPTLCK'], arg: 0 }),
    step('shim', 'ioctl', {
      fd: slot('terminal'),
      request: ['TIOCGPTPEER'],
      arg: 0o402,
      out: slot('tty'),
    }),
  ];
}

function terminalStdio(): StepDraft[] {
  return [
    step('init', 'setsid'),
    step('init', 'ioctl', { fd: slot('tty'), request: ['TIOCSCTTY'], arg: 0 }),
    ...[0, 1, 2].map((to) => step('init', 'dup2', { fd: slot('tty'), to })),
  ];
}

export interface RunningShim {
  dir: string;
  log: string;
  pid: number;
  control: Control;
  connect(firstLine: string): Promise<Socket>;
  /** Waits for the shim's end and removes the folder. */
  dispose(): Promise<void>;
}

/** Starts the shim; `attach` are first lines of clients that are connected before it starts. */
export async function startShim(
  scenario: Scenario,
  attach: string[] = [],
): Promise<RunningShim & { attached: Socket[] }> {
  const dir = mkdtempSync(join(tmpdir(), 'petri-shim-test-'));
  const log = join(dir, 'log');
  const plan: ShimPlan = {
    id: 'test',
    logPath: log,
    logMaxBytes: 0,
    logMaxFiles: 1,
    clients: 1 + attach.length,
    terminal: false,
    stdinOpen: false,
    stdinOnce: false,
    rows: 24,
    columns: 80,
    ...scenario.plan,
  };
  const bytes = encodePlan(plan, stepsOf(scenario), new Map());
  const listener = listenIn(dir, 'shim.sock', 128);
  const open = async (firstLine: string) => connectShim(dir, firstLine);
  const control = new Control(await open('control'));
  const attached = await Promise.all(attach.map((line) => open(line)));
  const pid = spawnPlan(bytes, listener, dir);
  close(listener);
  const dispose = async () => {
    control.socket.destroy();
    for (const socket of attached) socket.destroy();
    if (!(await reap(pid))) process.kill(pid, 'SIGKILL');
    await reap(pid);
    rmSync(dir, { recursive: true, force: true });
  };
  return { dir, log, pid, control, attached, connect: open, dispose };
}

/** Starts the shim with these bytes as its plan, whatever they are. */
export function spawnPlan(bytes: Uint8Array, listener: number, cwd: string): number {
  const executableFd = sealedMemfd('petri-shim', program);
  const planFd = sealedMemfd('plan', bytes);
  try {
    const argv = ['petri-shim', String(planFd), String(listener)];
    return spawnShim({ executableFd, argv, cwd, inherit: [planFd, listener] });
  } finally {
    close(executableFd);
    close(planFd);
  }
}

async function connectShim(dir: string, firstLine: string): Promise<Socket> {
  const socket = connect({ path: join(dir, 'shim.sock'), allowHalfOpen: true });
  await once(socket, 'connect');
  socket.write(`${firstLine}\n`);
  return socket;
}

/** A connection whose first line brings a descriptor along. */
export function connectPassing(dir: string, firstLine: string, descriptor: number): Socket {
  const fd = connectIn(dir, 'shim.sock');
  sendDescriptor(fd, Buffer.from(`${firstLine}\n`), descriptor);
  return new Socket({ fd, allowHalfOpen: true, readable: true, writable: true });
}

/** A supervisor's end of shim.sock: collects the lines, and waits for one. */
export class Control {
  readonly lines: ShimLine[] = [];
  ended = false;
  private rest = '';
  private wake: () => void = () => {};

  constructor(readonly socket: Socket) {
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      const lines = (this.rest + text).split('\n');
      this.rest = lines.pop() ?? '';
      this.lines.push(...lines.map(parseShimLine));
      this.wake();
    });
    socket.on('close', () => this.end());
    socket.on('end', () => this.end());
    socket.on('error', () => this.end());
  }

  /** The first line of that kind, once it has come. */
  async line<K extends ShimLine['kind']>(kind: K): Promise<Extract<ShimLine, { kind: K }>> {
    for (;;) {
      const found = this.lines.find((line) => line.kind === kind);
      if (found) return found as Extract<ShimLine, { kind: K }>;
      if (this.ended)
        throw new Error(`the shim ended without ${kind}: ${JSON.stringify(this.lines)}`);
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  private end(): void {
    this.ended = true;
    this.wake();
  }
}

/** All that a socket gives until its end. */
export async function readAll(socket: Socket | undefined): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket ?? []) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Docker's frames taken apart: what came on each stream. */
export function unframe(bytes: Buffer): { stdout: string; stderr: string } {
  const streams: Record<number, Buffer[]> = { 1: [], 2: [] };
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at + 4);
    streams[bytes[at] as number]?.push(bytes.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  const text = (stream: number) => Buffer.concat(streams[stream] ?? []).toString();
  return { stdout: text(1), stderr: text(2) };
}
