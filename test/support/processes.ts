/** The host's processes as one table: who is whose child, who belongs to which engine. proc(5). */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface Process {
  pid: number;
  parent: number;
  name: string;
  /** `R`, `S`, `Z` … */
  state: string;
  cwd: string;
  /** `net:[4026531840]`; empty for a zombie. */
  network: string;
  /** Lines of proc_pid_cgroup(5). */
  groups: string[];
}

export type ProcessTable = ReadonlyMap<number, Process>;

export function readProcesses(): ProcessTable {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const found = pids.map((pid) => readProcess(Number(pid))).filter((each) => each !== undefined);
  return new Map(found.map((each) => [each.pid, each]));
}

export function isShim({ name }: Process): boolean {
  return name === 'petri-shim';
}

/** The shim a process is, or descends from. */
export function shimOf(process: Process, table: ProcessTable): Process | undefined {
  for (let each: Process | undefined = process; each; each = table.get(each.parent)) {
    if (isShim(each)) return each;
  }
  return undefined;
}

/** Undefined when it has ended meanwhile. */
function readProcess(pid: number): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return {
      pid,
      parent: Number(parent),
      name: stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')),
      state: state as string,
      cwd: link(`/proc/${pid}/cwd`),
      network: link(`/proc/${pid}/ns/net`),
      groups: readFileSync(`/proc/${pid}/cgroup`, 'utf8').trim().split('\n'),
    };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}

/** Empty when the kernel does not say: a zombie has neither folder nor namespaces. */
function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
