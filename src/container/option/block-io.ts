/** Weights and throttles of block devices: `--blkio-weight`, `--device-read-bps` and their like, checked. Pure. */
import { InvalidError } from '../../errors/errors.ts';
import type { HostConfig } from '../config.ts';

export const throttles = [
  'BlkioDeviceReadBps',
  'BlkioDeviceWriteBps',
  'BlkioDeviceReadIOps',
  'BlkioDeviceWriteIOps',
] as const;

export type BlockIo = Pick<
  HostConfig,
  'BlkioWeight' | 'BlkioWeightDevice' | (typeof throttles)[number]
>;

/** @throws InvalidError with docker's words */
export function assertBlockIo(host: BlockIo): void {
  if (host.BlkioWeight > 0 && !isWeight(host.BlkioWeight))
    throw new InvalidError('Range of blkio weight is from 10 to 1000');
  for (const { Path, Weight } of host.BlkioWeightDevice ?? [])
    if (!isWeight(Weight)) throw new InvalidError(`invalid weight for device: ${Path}:${Weight}`);
  for (const field of throttles)
    for (const { Path, Rate } of host[field] ?? [])
      if (Rate < 1) throw new InvalidError(`invalid rate for device: ${Path}:${Rate}`);
  for (const path of blockDevicePaths(host))
    if (!path.startsWith('/')) throw new InvalidError(`bad format for device path: ${path}`);
}

/** The devices that are named, each once. */
export function blockDevicePaths(host: BlockIo): string[] {
  const lists = [host.BlkioWeightDevice ?? [], ...throttles.map((field) => host[field] ?? [])];
  return [...new Set(lists.flat().map(({ Path }) => Path))];
}

function isWeight(weight: number): boolean {
  return weight >= 10 && weight <= 1000;
}
