/** Limits that are wrong in themselves or in combination, with docker's words (moby daemon/daemon_unix.go). */
import { InvalidError } from '../../errors/errors.ts';
import type { GivenHostConfig } from './host-config.ts';

const memoryBytesMin = 6 * 1024 * 1024;

/**
 * @param cpus how many this machine has
 * @throws InvalidError
 */
export function assertLimits(host: GivenHostConfig, cpus: number): void {
  assertMemory(host);
  assertCpu(host, cpus);
}

function assertMemory({ Memory, MemorySwap, MemoryReservation }: GivenHostConfig): void {
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

function assertCpu({ NanoCpus, CpuPeriod, CpuQuota }: GivenHostConfig, cpus: number): void {
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

function refuse(message: string): never {
  throw new InvalidError(message);
}
