/**
 * Weights and throttles of block devices as writes to control files. Pure. Kernel documentation, admin-guide/cgroup-v2
 * ("IO Interface Files") and cgroup-v1/blkio-controller; the weights of BFQ in block/bfq-iosched.
 */
import type { HostConfig } from '../config.ts';
import type { HostFacts } from './facts.ts';
import type { LimitFile } from './limits.ts';

/** By field: the file on v1, the word in `io.max` on v2, and what it means. */
const files = {
  BlkioDeviceReadBps: ['blkio.throttle.read_bps_device', 'rbps', 'bytes read'],
  BlkioDeviceWriteBps: ['blkio.throttle.write_bps_device', 'wbps', 'bytes written'],
  BlkioDeviceReadIOps: ['blkio.throttle.read_iops_device', 'riops', 'reads'],
  BlkioDeviceWriteIOps: ['blkio.throttle.write_iops_device', 'wiops', 'writes'],
} as const;

/** The files that take a weight; the first that the kernel has counts. */
export const weightFiles = {
  v1: ['blkio.weight', 'blkio.bfq.weight'],
  v2: ['io.bfq.weight', 'io.weight'],
};

/** @param devices `MAJOR:MINOR` by path */
export function blockIo(
  host: HostConfig,
  facts: HostFacts,
  devices: ReadonlyMap<string, string>,
): LimitFile[] {
  return [...weights(host, facts, devices), ...limits(host, facts, devices)];
}

/** Undefined when the kernel has none. */
export function weightFile({ cgroup, groupFiles }: HostFacts): string | undefined {
  return weightFiles[cgroup.mode === 'v2' ? 'v2' : 'v1'].find((name) => groupFiles.includes(name));
}

function weights(
  { BlkioWeight, BlkioWeightDevice }: HostConfig,
  facts: HostFacts,
  devices: ReadonlyMap<string, string>,
): LimitFile[] {
  const file = weightFile(facts);
  if (!file) return [];
  const controller = controllerOf(facts);
  // `io.weight` goes from 1 to 10000, all others from 1 or 10 to 1000.
  const scaled = (weight: number) => (file === 'io.weight' ? ioWeight(weight) : weight);
  const why = 'its share of the disk when others want it too';
  const own = BlkioWeight > 0 ? [{ controller, file, data: String(scaled(BlkioWeight)), why }] : [];
  const one = facts.cgroup.mode === 'v2' ? file : `${file}_device`;
  const each = (BlkioWeightDevice ?? []).map(({ Path, Weight }) => ({
    controller,
    file: one,
    data: `${devices.get(Path)} ${scaled(Weight)}`,
    why: `its share of ${Path} when others want it too`,
  }));
  return [...own, ...each];
}

/** The conversion runc uses: 10…1000 onto 1…10000. */
function ioWeight(weight: number): number {
  return 1 + Math.floor(((weight - 10) * 9999) / 990);
}

function limits(
  host: HostConfig,
  facts: HostFacts,
  devices: ReadonlyMap<string, string>,
): LimitFile[] {
  const isV2 = facts.cgroup.mode === 'v2';
  const fields = Object.entries(files) as [keyof typeof files, readonly [string, string, string]][];
  return fields.flatMap(([field, [file, word, what]]) =>
    (host[field] ?? []).map(({ Path, Rate }) => ({
      controller: controllerOf(facts),
      file: isV2 ? 'io.max' : file,
      data: `${devices.get(Path)} ${isV2 ? `${word}=` : ''}${Rate}`,
      why: `no more ${what} than this a second at ${Path}`,
    })),
  );
}

function controllerOf({ cgroup }: HostFacts): string {
  return cgroup.mode === 'v2' ? 'io' : 'blkio';
}
