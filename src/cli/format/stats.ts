/** A container's use as `stats` and its templates see it: docker's `formatter.StatsContext`. */
import type { StatsAnswer } from '../../api/client/types.ts';
import { bytesSize, humanSize } from '../units.ts';
import type { Context } from './list.ts';
import { shortId } from './text.ts';

export const statsColumns = [
  'ID',
  'Name',
  'CPUPerc',
  'MemUsage',
  'MemPerc',
  'NetIO',
  'BlockIO',
  'PIDs',
];

export const statsHeadings: Readonly<Record<string, string>> = {
  Container: 'CONTAINER',
  ID: 'CONTAINER ID',
  Name: 'NAME',
  CPUPerc: 'CPU %',
  MemUsage: 'MEM USAGE / LIMIT',
  MemPerc: 'MEM %',
  NetIO: 'NET I/O',
  BlockIO: 'BLOCK I/O',
  PIDs: 'PIDS',
};

/** @param container as the user named it, or its id */
export function statsContext(container: string, answer: StatsAnswer, isWhole: boolean): Context {
  const used = usedMemory(answer);
  const limit = answer.memory_stats.limit ?? 0;
  const networks = Object.values(answer.networks ?? {});
  const sum = (key: 'rx_bytes' | 'tx_bytes') => networks.reduce((all, one) => all + one[key], 0);
  return {
    BlockIO: pair(blockBytes(answer, 'r'), blockBytes(answer, 'w')),
    CPUPerc: percent(cpuShare(answer)),
    Container: container,
    ID: isWhole ? answer.id : shortId(answer.id),
    MemPerc: percent(limit > 0 ? used / limit : 0),
    MemUsage: `${bytesSize(used)} / ${bytesSize(limit)}`,
    Name: answer.name.replace(/^\//, ''),
    NetIO: pair(sum('rx_bytes'), sum('tx_bytes')),
    PIDs: String(answer.pids_stats.current ?? 0),
  };
}

/** For one whose figures could not be had. */
export function statsUnknown(container: string, name: string): Context {
  return {
    BlockIO: '--',
    CPUPerc: '--',
    Container: container,
    ID: shortId(container),
    MemPerc: '--',
    MemUsage: '-- / --',
    Name: name,
    NetIO: '--',
    PIDs: '--',
  };
}

/** Of all CPUs' time between the two samples, times their number: two busy CPUs are 200 %. */
export function cpuShare({ cpu_stats: now, precpu_stats: before }: StatsAnswer): number {
  const used = now.cpu_usage.total_usage - before.cpu_usage.total_usage;
  const all = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0);
  const cpus = now.online_cpus || now.cpu_usage.percpu_usage?.length || 0;
  return used > 0 && all > 0 ? (used / all) * cpus : 0;
}

/** Without the files' pages that the kernel can drop at any time: v1 calls them total_inactive_file. */
export function usedMemory({ memory_stats: { usage = 0, stats } }: StatsAnswer): number {
  const inactive = stats?.total_inactive_file ?? stats?.inactive_file ?? 0;
  return inactive < usage ? usage - inactive : usage;
}

function blockBytes({ blkio_stats }: StatsAnswer, letter: 'r' | 'w'): number {
  return (blkio_stats.io_service_bytes_recursive ?? [])
    .filter(({ op }) => op.toLowerCase().startsWith(letter))
    .reduce((sum, { value }) => sum + value, 0);
}

function pair(one: number, other: number): string {
  return `${humanSize(one)} / ${humanSize(other)}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)}%`;
}
