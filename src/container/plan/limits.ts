/**
 * Resource limits of the Engine API as writes to cgroup files, for v2 and v1. Pure.
 * Sources: Engine API `HostConfig`; kernel documentation admin-guide/cgroup-v2 and cgroup-v1/{memory,cpuacct,pids}.
 */
import type { HostConfig } from '../config.ts';
import { blockIo } from './block-io.ts';
import type { HostFacts } from './facts.ts';

export interface LimitFile {
  controller: string;
  file: string;
  data: string;
  why: string;
}

/** Docker has no limit; ours stops a fork bomb before the host feels it. -1 asks for none. */
const DEFAULT_PIDS = 2048;
const PERIOD_US = 100_000;

/** @param devices the block devices that limits name: `MAJOR:MINOR` by path */
export function limitFiles(
  host: HostConfig,
  facts: HostFacts,
  devices: ReadonlyMap<string, string> = new Map(),
): LimitFile[] {
  const v2 = facts.cgroup.mode === 'v2';
  return [
    ...memory(host, v2, facts),
    ...(v2 ? [] : memoryOfV1(host)),
    ...cpu(host, v2),
    ...cpuset(host),
    ...pids(host),
    ...blockIo(host, facts, devices),
  ];
}

function memory(host: HostConfig, v2: boolean, facts: HostFacts): LimitFile[] {
  const file = (name: string, data: number, why: string): LimitFile[] => [
    { controller: 'memory', file: name, data: data < 0 ? (v2 ? 'max' : '-1') : String(data), why },
  ];
  const files: LimitFile[] = [];
  if (host.Memory > 0)
    files.push(
      ...file(
        v2 ? 'memory.max' : 'memory.limit_in_bytes',
        host.Memory,
        'more memory than this and the kernel ends a process of the container',
      ),
    );
  if (host.MemoryReservation > 0)
    files.push(
      ...file(
        v2 ? 'memory.low' : 'memory.soft_limit_in_bytes',
        host.MemoryReservation,
        'under pressure the kernel takes memory from others first',
      ),
    );
  // Docker: unset means as much swap as memory; v2 counts swap alone, v1 memory and swap together.
  const total = host.MemorySwap || (host.Memory > 0 ? 2 * host.Memory : 0);
  if (total !== 0 && facts.swapLimit)
    files.push(
      ...file(
        v2 ? 'memory.swap.max' : 'memory.memsw.limit_in_bytes',
        total < 0 ? -1 : v2 ? total - host.Memory : total,
        'how much may be swapped out',
      ),
    );
  return files;
}

function memoryOfV1({ OomKillDisable, MemorySwappiness }: HostConfig): LimitFile[] {
  const file = (name: string, data: number, why: string): LimitFile[] => [
    { controller: 'memory', file: name, data: String(data), why },
  ];
  const swappiness = MemorySwappiness ?? -1;
  return [
    ...(OomKillDisable
      ? file('memory.oom_control', 1, 'at its limit it waits for memory, and nothing is killed')
      : []),
    ...(swappiness >= 0
      ? file('memory.swappiness', swappiness, 'how readily its memory is swapped out, 0 to 100')
      : []),
  ];
}

function cpu(host: HostConfig, v2: boolean): LimitFile[] {
  const files: LimitFile[] = [];
  const set = (file: string, data: string, why: string) =>
    files.push({ controller: 'cpu', file, data, why });
  if (host.CpuShares > 0) {
    const why = 'its weight against other containers when the CPUs are busy';
    if (v2) set('cpu.weight', String(weightFromShares(host.CpuShares)), why);
    else set('cpu.shares', String(host.CpuShares), why);
  }
  const period = host.CpuPeriod || PERIOD_US;
  const quota = host.NanoCpus ? Math.round((host.NanoCpus / 1e9) * period) : host.CpuQuota;
  if (quota > 0 || host.CpuPeriod > 0) {
    const why = 'of each period of this many microseconds it may run for the quota';
    if (v2) set('cpu.max', `${quota > 0 ? quota : 'max'} ${period}`, why);
    else {
      set('cpu.cfs_period_us', String(period), why);
      if (quota > 0) set('cpu.cfs_quota_us', String(quota), why);
    }
  }
  return files;
}

/** The conversion runc and crun use: shares 2…262144 onto weight 1…10000. */
export function weightFromShares(shares: number): number {
  const clamped = Math.min(Math.max(shares, 2), 262_144);
  return 1 + Math.floor(((clamped - 2) * 9999) / 262_142);
}

function cpuset(host: HostConfig): LimitFile[] {
  const files: LimitFile[] = [];
  if (host.CpusetCpus)
    files.push({
      controller: 'cpuset',
      file: 'cpuset.cpus',
      data: host.CpusetCpus,
      why: 'the CPUs it may run on',
    });
  if (host.CpusetMems)
    files.push({
      controller: 'cpuset',
      file: 'cpuset.mems',
      data: host.CpusetMems,
      why: 'the memory nodes it may use',
    });
  return files;
}

function pids(host: HostConfig): LimitFile[] {
  const limit = host.PidsLimit || DEFAULT_PIDS;
  return [
    {
      controller: 'pids',
      file: 'pids.max',
      data: limit < 0 ? 'max' : String(limit),
      why: 'a fork bomb in the container stops here',
    },
  ];
}
