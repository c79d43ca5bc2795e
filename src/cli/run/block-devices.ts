/** `--blkio-weight-device`, `--device-read-bps` and their like: a device of the host, a colon, a number. */
import type { CreateBody } from '../../api/client/types.ts';
import type { FlagSpec, Flags } from '../flags.ts';
import { parseBytes } from '../units.ts';

interface Limited {
  Path: string;
  Rate: number;
}

const throttles = [
  ['device-read-bps', 'BlkioDeviceReadBps', bytesRate, 'bytes read from a device'],
  ['device-write-bps', 'BlkioDeviceWriteBps', bytesRate, 'bytes written to a device'],
  ['device-read-iops', 'BlkioDeviceReadIOps', plainRate, 'reads from a device'],
  ['device-write-iops', 'BlkioDeviceWriteIOps', plainRate, 'writes to a device'],
] as const;

export const blockDeviceFlags: readonly FlagSpec[] = [
  {
    long: 'blkio-weight-device',
    value: 'list',
    list: true,
    parse: parseWeight,
    text: "a device's weight, path:10 to 1000",
  },
  ...throttles.map(([long, , parse, what]) => ({
    long,
    value: 'list',
    list: true,
    parse,
    text: `most ${what} a second, path:number`,
  })),
];

/** The fields of `HostConfig` that these flags set. */
export function blockDeviceLimits(flags: Flags): NonNullable<CreateBody['HostConfig']> {
  const weights = flags.list<{ Path: string; Weight: number }>('blkio-weight-device');
  const rates = throttles
    .filter(([long]) => flags.has(long))
    .map(([long, field]) => [field, flags.list<Limited>(long)]);
  return {
    ...(weights.length > 0 && { BlkioWeightDevice: weights }),
    ...Object.fromEntries(rates),
  };
}

function parseWeight(text: string): { Path: string; Weight: number } {
  const [path, number] = split(text);
  const weight = /^\d{1,4}$/.test(number) ? Number(number) : Number.NaN;
  if (!(weight >= 10 && weight <= 1000)) throw new Error(`invalid weight for device: ${text}`);
  return { Path: path, Weight: weight };
}

function bytesRate(text: string): Limited {
  const [path, number] = split(text);
  try {
    const rate = parseBytes(number);
    if (rate > 0) return { Path: path, Rate: rate };
  } catch {
    // told below, in docker's words
  }
  throw new Error(
    `invalid rate for device: ${text}. The correct format is <device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb`,
  );
}

function plainRate(text: string): Limited {
  const [path, number] = split(text);
  if (/^[1-9]\d{0,14}$/.test(number)) return { Path: path, Rate: Number(number) };
  throw new Error(
    `invalid rate for device: ${text}. The correct format is <device-path>:<number>. Number must be a positive integer`,
  );
}

function split(text: string): [path: string, number: string] {
  const at = text.lastIndexOf(':');
  const path = text.slice(0, Math.max(0, at));
  if (at < 0) throw new Error(`bad format: ${text}`);
  if (!path.startsWith('/dev/')) throw new Error(`bad format for device path: ${text}`);
  return [path, text.slice(at + 1)];
}
