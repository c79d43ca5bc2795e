/**
 * What a control group has used: its files as text → numbers, for v2 and v1 alike. Pure.
 * Kernel documentation, admin-guide/cgroup-v2 and cgroup-v1/{cpuacct,memory,blkio-controller,pids}.
 */

export interface CpuUsage {
  totalNs: number;
  userNs: number;
  systemNs: number;
  /** v1 only: of each CPU. */
  perCpuNs: number[];
  periods: number;
  throttledPeriods: number;
  throttledNs: number;
}

export interface MemoryUsage {
  usageBytes: number;
  /** v1 only. */
  maxUsageBytes: number | undefined;
  /** undefined: no limit. */
  limitBytes: number | undefined;
  /** memory.stat as it is. */
  stat: Record<string, number>;
}

export interface IoEntry {
  major: number;
  minor: number;
  /** `read`, `write`, and on v1 others; as the kernel writes it. */
  op: string;
  value: number;
}

export interface GroupUsage {
  cpu: CpuUsage;
  memory: MemoryUsage;
  processes: number;
  /** undefined: no limit. */
  processLimit: number | undefined;
  ioBytes: IoEntry[];
  ioOperations: IoEntry[];
}

/** Text of a file by controller and name; empty when it is not there. */
export type Files = (controller: string, name: string) => string;

const TICK_NS = 1e7;
/** v1 says "no limit" by the largest multiple of a page. */
const UNLIMITED_V1 = 2 ** 62;

/** The files `usageV2` reads, by controller. */
export const v2Files = {
  cpu: ['cpu.stat'],
  memory: ['memory.current', 'memory.max', 'memory.stat'],
  io: ['io.stat'],
  pids: ['pids.current', 'pids.max'],
} as const;

export const v1Files = {
  cpuacct: ['cpuacct.usage', 'cpuacct.stat', 'cpuacct.usage_percpu'],
  cpu: ['cpu.stat'],
  memory: [
    'memory.usage_in_bytes',
    'memory.max_usage_in_bytes',
    'memory.limit_in_bytes',
    'memory.stat',
  ],
  blkio: ['blkio.throttle.io_service_bytes_recursive', 'blkio.throttle.io_serviced_recursive'],
  pids: ['pids.current', 'pids.max'],
} as const;

export function usageV2(files: Files): GroupUsage {
  const cpu = keyed(files('cpu', 'cpu.stat'));
  const io = ioStat(files('io', 'io.stat'));
  return {
    cpu: {
      totalNs: 1e3 * (cpu.usage_usec ?? 0),
      userNs: 1e3 * (cpu.user_usec ?? 0),
      systemNs: 1e3 * (cpu.system_usec ?? 0),
      perCpuNs: [],
      periods: cpu.nr_periods ?? 0,
      throttledPeriods: cpu.nr_throttled ?? 0,
      throttledNs: 1e3 * (cpu.throttled_usec ?? 0),
    },
    memory: {
      usageBytes: number(files('memory', 'memory.current')),
      maxUsageBytes: undefined,
      limitBytes: limit(files('memory', 'memory.max')),
      stat: keyed(files('memory', 'memory.stat')),
    },
    ...processes(files),
    ioBytes: io('rbytes', 'wbytes'),
    ioOperations: io('rios', 'wios'),
  };
}

export function usageV1(files: Files): GroupUsage {
  const ticks = keyed(files('cpuacct', 'cpuacct.stat'));
  const cpu = keyed(files('cpu', 'cpu.stat'));
  const memoryLimit = number(files('memory', 'memory.limit_in_bytes'));
  return {
    cpu: {
      totalNs: number(files('cpuacct', 'cpuacct.usage')),
      userNs: TICK_NS * (ticks.user ?? 0),
      systemNs: TICK_NS * (ticks.system ?? 0),
      perCpuNs: words(files('cpuacct', 'cpuacct.usage_percpu')).map(Number),
      periods: cpu.nr_periods ?? 0,
      throttledPeriods: cpu.nr_throttled ?? 0,
      throttledNs: cpu.throttled_time ?? 0,
    },
    memory: {
      usageBytes: number(files('memory', 'memory.usage_in_bytes')),
      maxUsageBytes: number(files('memory', 'memory.max_usage_in_bytes')),
      limitBytes: memoryLimit > 0 && memoryLimit < UNLIMITED_V1 ? memoryLimit : undefined,
      stat: keyed(files('memory', 'memory.stat')),
    },
    ...processes(files),
    ioBytes: serviced(files('blkio', 'blkio.throttle.io_service_bytes_recursive')),
    ioOperations: serviced(files('blkio', 'blkio.throttle.io_serviced_recursive')),
  };
}

function processes(files: Files): Pick<GroupUsage, 'processes' | 'processLimit'> {
  return {
    processes: number(files('pids', 'pids.current')),
    processLimit: limit(files('pids', 'pids.max')),
  };
}

/** `user_usec 17` lines. */
function keyed(text: string): Record<string, number> {
  const pairs = text.split('\n').map((line) => line.split(' '));
  return Object.fromEntries(
    pairs.flatMap(([key, value]) => (key && value ? [[key, Number(value)]] : [])),
  );
}

/** `8:0 rbytes=1 wbytes=2 rios=3 …` lines; which two figures are wanted. */
function ioStat(text: string): (read: string, write: string) => IoEntry[] {
  const lines = text.split('\n').filter(Boolean);
  return (read, write) =>
    lines.flatMap((line) => {
      const [device = '', ...pairs] = line.split(' ');
      const figures = Object.fromEntries(pairs.map((pair) => pair.split('=')));
      const entry = (op: string, value: unknown) =>
        value === undefined ? [] : [{ ...deviceOf(device), op, value: Number(value) }];
      return [...entry('read', figures[read]), ...entry('write', figures[write])];
    });
}

/** `8:0 Read 4096` lines; the sum at the end (`Total 4096`) has no device. */
function serviced(text: string): IoEntry[] {
  return text.split('\n').flatMap((line) => {
    const [device = '', op = '', value] = line.split(' ');
    return value === undefined ? [] : [{ ...deviceOf(device), op, value: Number(value) }];
  });
}

function deviceOf(text: string): { major: number; minor: number } {
  const [major = 0, minor = 0] = text.split(':').map(Number);
  return { major, minor };
}

function number(text: string): number {
  return Number(text.trim() || 0);
}

function limit(text: string): number | undefined {
  return text.trim() === 'max' || text.trim() === '' ? undefined : number(text);
}

function words(text: string): string[] {
  return text.split(/\s+/).filter(Boolean);
}
