/** A sample of a container's use as `GET /containers/{id}/stats` tells it. */

import type { Sample } from '../../container/stats.ts';
import type { Container } from '../../container/table.ts';
import type { CpuUsage, IoEntry } from '../../kernel/cgroup-usage.ts';
import { ZERO_TIME } from '../../store/clock.ts';

export interface Machine {
  cpus: number;
  memoryBytes: number;
}

/** @param before the sample a second ago: clients compute a percentage from the two */
export function statsView(
  { name, id }: Container,
  machine: Machine,
  sample: Sample | undefined,
  before: Sample | undefined,
): object {
  if (!sample) return { ...nothing(), name: `/${name}`, id };
  const { usage, interfaces } = sample;
  return {
    read: new Date(sample.takenAtMs).toISOString(),
    preread: before ? new Date(before.takenAtMs).toISOString() : ZERO_TIME,
    pids_stats: {
      current: usage.processes,
      ...(usage.processLimit !== undefined && { limit: usage.processLimit }),
    },
    blkio_stats: {
      ...noIo,
      io_service_bytes_recursive: usage.ioBytes.map(ioView),
      io_serviced_recursive: usage.ioOperations.map(ioView),
    },
    num_procs: 0,
    storage_stats: {},
    cpu_stats: cpuView(machine, sample),
    precpu_stats: before ? cpuView(machine, before) : emptyCpu,
    memory_stats: memoryView(machine, sample),
    name: `/${name}`,
    id,
    ...(Object.keys(interfaces).length > 0 && { networks: networksView(interfaces) }),
  };
}

const noIo = {
  io_service_bytes_recursive: null,
  io_serviced_recursive: null,
  io_queue_recursive: null,
  io_service_time_recursive: null,
  io_wait_time_recursive: null,
  io_merged_recursive: null,
  io_time_recursive: null,
  sectors_recursive: null,
};

const noThrottling = { periods: 0, throttled_periods: 0, throttled_time: 0 };
const emptyCpu = {
  cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  throttling_data: noThrottling,
};

/** dockerd's answer for a container that does not run. */
function nothing(): object {
  return {
    read: ZERO_TIME,
    preread: ZERO_TIME,
    pids_stats: {},
    blkio_stats: noIo,
    num_procs: 0,
    storage_stats: {},
    cpu_stats: emptyCpu,
    precpu_stats: emptyCpu,
    memory_stats: {},
  };
}

function cpuView({ cpus }: Machine, { usage, systemCpuNs }: Sample): object {
  const { cpu } = usage;
  return {
    cpu_usage: {
      total_usage: cpu.totalNs,
      ...(cpu.perCpuNs.length > 0 && { percpu_usage: cpu.perCpuNs }),
      usage_in_kernelmode: cpu.systemNs,
      usage_in_usermode: cpu.userNs,
    },
    system_cpu_usage: systemCpuNs,
    online_cpus: cpus,
    throttling_data: throttling(cpu),
  };
}

function throttling(cpu: CpuUsage): object {
  return {
    periods: cpu.periods,
    throttled_periods: cpu.throttledPeriods,
    throttled_time: cpu.throttledNs,
  };
}

function memoryView({ memoryBytes }: Machine, { usage: { memory } }: Sample): object {
  return {
    usage: memory.usageBytes,
    ...(memory.maxUsageBytes !== undefined && { max_usage: memory.maxUsageBytes }),
    stats: memory.stat,
    limit: Math.min(memory.limitBytes ?? memoryBytes, memoryBytes),
  };
}

function networksView(interfaces: Sample['interfaces']): object {
  const views = Object.entries(interfaces).map(([name, use]) => [
    name,
    {
      rx_bytes: use.receivedBytes,
      rx_packets: use.receivedPackets,
      rx_errors: use.receivedErrors,
      rx_dropped: use.receivedDropped,
      tx_bytes: use.sentBytes,
      tx_packets: use.sentPackets,
      tx_errors: use.sentErrors,
      tx_dropped: use.sentDropped,
    },
  ]);
  return Object.fromEntries(views);
}

function ioView({ major, minor, op, value }: IoEntry): object {
  return { major, minor, op, value };
}
