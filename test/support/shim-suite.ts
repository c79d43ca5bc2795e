/** Starts shims for a test file and ends whatever a test left. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Socket } from 'node:net';
import { afterEach } from 'vitest';
import { type RunningShim, type Scenario, startShim } from './shim.ts';

let running: RunningShim[] = [];

export function disposeAfterEach(): void {
  afterEach(async () => {
    await Promise.all(running.map((shim) => shim.dispose()));
    running = [];
  });
}

export async function start(scenario: Scenario, attach: string[] = []) {
  const shim = await startShim(scenario, attach);
  running.push(shim);
  return shim;
}

/** A shell script as the container's program. */
export const sh = (script: string): string[] => ['sh', '-c', script];

export interface LogLine {
  log: string;
  stream: string;
  time: string;
}

export function readLog(path: string): LogLine[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  if (lines.pop() !== '') throw new Error('the log ends within a line');
  return lines.map((line) => JSON.parse(line) as LogLine);
}

/** Bytes of a socket until they contain `text`. */
export async function readUntil(socket: Socket | undefined, text: string): Promise<string> {
  if (!socket) throw new Error('no such client');
  let seen = '';
  for (;;) {
    const chunk = socket.read() as Buffer | null;
    if (chunk) seen += chunk.toString('latin1');
    else if (socket.readableEnded) throw new Error(`ended without ${text}: ${seen}`);
    else await new Promise((resolve) => socket.once('readable', resolve));
    if (seen.includes(text)) return seen;
  }
}

/** What each open descriptor of a process is. */
export function descriptorsOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      return []; // closed between the two calls
    }
  });
}
