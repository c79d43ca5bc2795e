/**
 * What strace saw, as values: one file for each process (`-ff`), numbers for flags (`-X raw`), every string in hex
 * (`-xx`), so that nothing is guessed from names. strace(1).
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

/** A number, a string, null for a null pointer, a list, a structure. */
export type Value = number | string | null | Value[] | { [field: string]: Value };

export interface TracedCall {
  name: string;
  args: Value[];
  ret: number;
  line: string;
}

export const hasStrace = (() => {
  try {
    return execFileSync('strace', ['-V']).length > 0;
  } catch {
    return false; // not installed
  }
})();

const OPTIONS = [
  '-ff',
  '-qq',
  '-X',
  'raw',
  '-xx',
  '-s',
  '70000',
  '-e',
  'abbrev=none',
  '-e',
  'signal=none',
];

/** Traces this process and all it starts while `work` runs: `dir/trace.PID`. */
export async function traced<T>(dir: string, work: () => Promise<T>): Promise<T> {
  const args = [...OPTIONS, '-o', join(dir, 'trace'), '-p', String(process.pid)];
  const strace: ChildProcess = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    await expect.poll(() => tracerOf(process.pid)).toBe(strace.pid);
    return await work();
  } finally {
    strace.kill('SIGINT');
    await once(strace, 'exit');
  }
}

function tracerOf(pid: number): number {
  return Number(/TracerPid:\t(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** The calls of one process, in order. */
export function callsOf(dir: string, pid: number): TracedCall[] {
  return readFileSync(join(dir, `trace.${pid}`), 'utf8')
    .split('\n')
    .flatMap((line) => parseCall(line) ?? []);
}

export function parseCall(line: string): TracedCall | undefined {
  const [, name, rest] = /^(\w+)\((.*)$/.exec(line) ?? [];
  // The call a process was waiting in when strace let go of it: its last.
  if (!name || rest === undefined || rest.endsWith('<detached ...>')) return undefined;
  const reader = new Reader(rest);
  const args = reader.list(')');
  const [, ret] = /^\s*= (-?\w+)/.exec(reader.rest) ?? [];
  return { name, args, ret: ret ? toNumber(ret) : Number.NaN, line };
}

/** strace writes masks in octal, flags in hex, the rest in decimal. */
function toNumber(text: string): number {
  if (/^-?0[0-7]+$/.test(text)) return Number.parseInt(text, 8);
  return Number(text);
}

class Reader {
  constructor(public rest: string) {}

  /** Values up to the closing character, which is taken. */
  list(close: string): Value[] {
    const values: Value[] = [];
    for (;;) {
      if (this.skip(close)) return values;
      if (this.rest === '') throw new Error('strace cut a line short');
      values.push(this.value());
      this.skip(',');
    }
  }

  private value(): Value {
    if (this.skip('{')) return this.structure();
    if (this.skip('[')) return this.list(']');
    if (this.skip('"')) return this.string();
    const text = /^[^,)}\]]+/.exec(this.rest)?.[0] ?? '';
    this.rest = this.rest.slice(Math.max(text.length, 1));
    if (text.trim() === 'NULL') return null;
    const number = toNumber(text.trim());
    return Number.isNaN(number) ? text.trim() : number;
  }

  private structure(): Value {
    const fields: Record<string, Value> = {};
    while (!this.skip('}')) {
      const name = /^(\w+)=/.exec(this.rest)?.[1];
      if (name === undefined) {
        this.rest = this.rest.slice(1);
        continue;
      }
      this.rest = this.rest.slice(name.length + 1);
      fields[name] = this.value();
      this.skip(',');
    }
    // What the kernel wrote back: `=> {pidfd=[11]}`.
    if (this.skip('=>')) this.value();
    return fields;
  }

  private string(): string {
    const end = this.rest.indexOf('"');
    const hex = this.rest.slice(0, end).replaceAll('\\x', '');
    this.rest = this.rest.slice(end + 1);
    if (this.rest.startsWith('...')) throw new Error('strace cut a string short');
    return Buffer.from(hex, 'hex').toString();
  }

  private skip(text: string): boolean {
    this.rest = this.rest.trimStart();
    if (!this.rest.startsWith(text)) return false;
    this.rest = this.rest.slice(text.length);
    return true;
  }
}
