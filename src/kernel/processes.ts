/** Processes as /proc shows them: proc_pid_stat(5), proc_pid_status(5), proc_pid_cmdline(5). Nothing of theirs is run. */
import { readFile } from 'node:fs/promises';

export interface Process {
  pid: number;
  parent: number;
  group: number;
  session: number;
  /** Real, effective: numbers. */
  uid: number;
  effectiveUid: number;
  gid: number;
  name: string;
  /** One letter: R, S, D, T, Z, … */
  state: string;
  /** Major and minor of the terminal; 0 without one. */
  terminal: { major: number; minor: number };
  nice: number;
  priority: number;
  threads: number;
  /** In clock ticks. */
  cpuTicks: number;
  /** Clock ticks after boot. */
  startTicks: number;
  virtualBytes: number;
  residentBytes: number;
  /** Empty for a zombie. */
  arguments: string[];
}

const PAGE_BYTES = 4096;

/** @returns undefined when it has ended */
export async function readProcess(pid: number): Promise<Process | undefined> {
  try {
    const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8');
    const [stat, status, cmdline] = await Promise.all([
      read('stat'),
      read('status'),
      read('cmdline'),
    ]);
    return parseProcess(stat, status, cmdline);
  } catch {
    return undefined;
  }
}

/** Pure. The name (field 2 of stat) may hold anything: counting starts behind its last parenthesis. */
export function parseProcess(stat: string, status: string, cmdline: string): Process {
  const close = stat.lastIndexOf(')');
  const fields = stat.slice(close + 2).split(' ');
  const at = (field: number) => Number(fields[field - 3] ?? 0);
  const ids = (name: string) =>
    (new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(status)?.[1] ?? '').split(/\s+/).map(Number);
  const [uid = 0, effectiveUid = 0] = ids('Uid');
  return {
    pid: Number(stat.slice(0, stat.indexOf(' '))),
    parent: at(4),
    group: at(5),
    session: at(6),
    uid,
    effectiveUid,
    gid: ids('Gid')[1] ?? 0,
    name: stat.slice(stat.indexOf('(') + 1, close),
    state: fields[0] ?? '?',
    terminal: { major: (at(7) >> 8) & 0xfff, minor: (at(7) & 0xff) | ((at(7) >> 12) & 0xfff00) },
    priority: at(18),
    nice: at(19),
    threads: at(20),
    cpuTicks: at(14) + at(15),
    startTicks: at(22),
    virtualBytes: at(23),
    residentBytes: at(24) * PAGE_BYTES,
    arguments: cmdline.split('\0').slice(0, -1),
  };
}
