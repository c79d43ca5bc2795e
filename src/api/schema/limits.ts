/** Limits that are wrong in themselves or in combination, with docker's words (moby daemon/daemon_unix.go). */

import type { HostConfig } from '../../container/config.ts';
import { InvalidError } from '../../errors/errors.ts';

type Limits = Pick<
  HostConfig,
  | 'Memory'
  | 'MemorySwap'
  | 'MemoryReservation'
  | 'NanoCpus'
  | 'CpuPeriod'
  | 'CpuQuota'
  | 'CpusetCpus'
  | 'CpusetMems'
>;

const memoryBytesMin = 6 * 1024 * 1024;

/**
 * @param cpus how many this machine has
 * @throws InvalidError
 */
export function assertLimits(host: Limits, cpus: number): void {
  assertMemory(host);
  assertCpu(host, cpus);
  assertCpuset(host.CpusetCpus, 'cpus', 'CPUs', cpus);
  assertCpuset(host.CpusetMems, 'mems', 'memory nodes', Number.POSITIVE_INFINITY);
}

function assertMemory({ Memory, MemorySwap, MemoryReservation }: Limits): void {
  if (Memory > 0 && Memory < memoryBytesMin) refuse('Minimum memory limit allowed is 6MB');
  if (MemorySwap > 0 && Memory === 0)
    refuse('You should always set the Memory limit when using Memoryswap limit, see usage');
  if (Memory > 0 && MemorySwap > 0 && MemorySwap < Memory)
    refuse('Minimum memoryswap limit should be larger than memory limit, see usage');
  if (MemoryReservation > 0 && MemoryReservation < memoryBytesMin)
    refuse('Minimum memory reservation allowed is 6MB');
  if (Memory > 0 && Memory < MemoryReservation)
    refuse('Minimum memory limit can not be less than memory reservation limit, see usage');
}

function assertCpu({ NanoCpus, CpuPeriod, CpuQuota }: Limits, cpus: number): void {
  if (NanoCpus > 0 && CpuPeriod > 0)
    refuse('Conflicting options: Nano CPUs and CPU Period cannot both be set.');
  if (NanoCpus > 0 && CpuQuota > 0)
    refuse('Conflicting options: Nano CPUs and CPU Quota cannot both be set.');
  if (NanoCpus > cpus * 1e9 || (NanoCpus > 0 && NanoCpus < 1e7))
    refuse(
      `Range of CPUs is from 0.01 to ${cpus.toFixed(2)}, as there are only ${cpus} CPUs available`,
    );
  if (CpuPeriod > 0 && (CpuPeriod < 1000 || CpuPeriod > 1_000_000))
    refuse('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
  if (CpuQuota > 0 && CpuQuota < 1000) refuse('CPU cfs quota can not be less than 1ms (i.e. 1000)');
}

/** `0-3,7`: the list format of cpuset(7). */
function assertCpuset(list: string, name: string, what: string, count: number): void {
  if (list === '') return;
  const ranges = list.split(',').map((part) => /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part.trim()));
  for (const range of ranges) {
    const [first, last] = [Number(range?.[1]), Number(range?.[2] ?? range?.[1])];
    if (!range || first > last) refuse(`Invalid value ${list} for cpuset ${name}`);
    if (last >= count)
      refuse(`Requested ${what} are not available - requested ${list}, available: 0-${count - 1}`);
  }
}

function refuse(message: string): never {
  throw new InvalidError(message);
}
