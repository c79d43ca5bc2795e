/** Memory of processes: smaps_rollup in proc_pid_smaps(5). */
import { readFileSync } from 'node:fs';
import type { RunningEngine } from '../support/engines.ts';
import { readProcesses } from '../support/processes.ts';

export interface Memory {
  /** Resident: all pages, those shared with others in full. */
  rssKb: number;
  /** Proportional: a page shared by n processes counts one nth. */
  pssKb: number;
}

export function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const field = (name: string) => Number(new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(text)?.[1]);
  return { rssKb: field('Rss'), pssKb: field('Pss') };
}

/** Memory of the shim of one running container, the only one the engine has. */
export async function shimMemory({ api, execRoot }: RunningEngine): Promise<Memory> {
  const id = await api.create(['sleep', '1000']);
  await api.start(id);
  try {
    const shim = [...readProcesses().values()].find(
      ({ name, cwd }) => name === 'petri-shim' && cwd.startsWith(`${execRoot}/`),
    );
    if (!shim) throw new Error(`no shim of ${id} is running`);
    return memoryOf(shim.pid);
  } finally {
    await api.call('DELETE', `/containers/${id}?force=true`);
  }
}
