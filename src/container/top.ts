/**
 * `GET /containers/{id}/top`: the container's processes as the host's ps(1) shows them, with pids of the host. The usual
 * formats are made here from /proc; for others the host's own ps is asked. Nothing of the container is executed.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConflictError, InvalidError } from '../errors/errors.ts';
import { readProcess } from '../kernel/processes.ts';
import type { Engine } from './engine.ts';
import { groupOf } from './plan/cgroup.ts';
import { type Moment, psColumns, psTable } from './ps.ts';
import { isAlive } from './state.ts';
import type { Container } from './table.ts';

export interface Top {
  titles: string[];
  rows: string[][];
}

const PS = ['/usr/bin/ps', '/bin/ps'];
const PS_TIMEOUT_MS = 10_000;
/** As dockerd: a heading of its own could make another column look like the pid. */
const RENAMED_PID = /\s([^\s]*)=\s*PID/;

/**
 * @param options of ps
 * @throws ConflictError when it does not run, InvalidError for options that are not understood
 */
export async function top(engine: Engine, container: Container, options: string): Promise<Top> {
  if (!isAlive(container.record.state))
    throw new ConflictError(`container ${container.id} is not running`);
  const pids = await processesOf(
    groupOf({ facts: engine.facts, record: container.record }, 'pids'),
  );
  const columns = psColumns(options);
  if (!columns) return hostsPs(options, new Set(pids));
  const processes = await Promise.all(pids.map(readProcess));
  const alive = processes.flatMap((one) => (one ? [one] : []));
  return psTable(columns, alive, await moment(engine));
}

/** Of the group and those below it. */
async function processesOf(path: string): Promise<number[]> {
  const text = await readFile(join(path, 'cgroup.procs'), 'utf8').catch(() => '');
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  const folders = entries.filter((entry) => entry.isDirectory());
  const below = await Promise.all(folders.map(({ name }) => processesOf(join(path, name))));
  const own = text.split('\n').filter(Boolean).map(Number);
  return [...own, ...below.flat()].sort((a, b) => a - b);
}

async function moment({ facts }: Engine): Promise<Moment> {
  const [stat, passwd, group] = await Promise.all(
    ['/proc/stat', '/etc/passwd', '/etc/group'].map((path) =>
      readFile(path, 'utf8').catch(() => ''),
    ),
  );
  return {
    nowMs: Date.now(),
    bootMs: 1000 * Number(/^btime (\d+)$/m.exec(stat ?? '')?.[1] ?? 0),
    users: names(passwd ?? ''),
    groups: names(group ?? ''),
    memoryBytes: facts.memoryBytes,
  };
}

/** `name:x:number:…` */
function names(text: string): Map<number, string> {
  const lines = text.split('\n').map((line) => line.split(':'));
  return new Map(lines.flatMap(([name, , id]) => (name && id ? [[Number(id), name]] : [])));
}

/** Its rows are filtered by pid, as dockerd does it. */
async function hostsPs(options: string, pids: ReadonlySet<number>): Promise<Top> {
  const ps = PS.find((path) => existsSync(path));
  if (!ps)
    throw new InvalidError(
      `ps ${options}: of ps's options only -e, -f and -o are understood here, and this host has no ps`,
    );
  if (RENAMED_PID.test(` ${options}`))
    throw new InvalidError('specifying "PID" as a heading is not allowed');
  const words = options.split(/\s+/).filter(Boolean);
  // Some options cannot stand beside -q; without it, others show the caller's own terminal only.
  const text = await output(ps, ['-q', [...pids].join(','), ...words]).catch(() =>
    output(ps, words),
  );
  return parsePs(text, pids);
}

function output(file: string, options: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const settings = { env: {}, cwd: '/', timeout: PS_TIMEOUT_MS, maxBuffer: 1 << 24 };
    execFile(file, options, settings, (error, stdout, stderr) => {
      if (!error) resolve(stdout);
      else reject(new InvalidError(`ps: ${stderr.trim().split('\n')[0] || error.message}`));
    });
  });
}

/**
 * Pure.
 * @param text what ps printed: headings, then a line for each process; the last column may hold blanks
 */
export function parsePs(text: string, pids: ReadonlySet<number>): Top {
  const [heading = '', ...lines] = text.split('\n').filter(Boolean);
  const titles = heading.trim().split(/\s+/);
  const at = titles.indexOf('PID');
  if (at < 0) throw new InvalidError("Couldn't find PID field in ps output");
  const rows = lines.map((line) => cells(line, titles.length));
  return { titles, rows: rows.filter((row) => pids.has(Number(row[at]))) };
}

function cells(line: string, count: number): string[] {
  const words = line.trim().split(/\s+/);
  const last = new RegExp(`^\\s*(?:\\S+\\s+){${count - 1}}(.*)$`).exec(line)?.[1] ?? '';
  return [...words.slice(0, count - 1), last];
}
