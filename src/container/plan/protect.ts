/**
 * Phase `protect`: what of /proc and /sys is hidden, and what is read-only. They show more of the host
 * than a container should see or change; docker's list. Only paths that exist on this kernel are in the
 * plan, so every step must succeed. proc(5).
 */
import { InvalidError } from '../../errors/errors.ts';
import type { StepDraft } from '../../step/step.ts';
import type { HostConfig } from '../config.ts';
import { mountsOf } from '../option/mount-points.ts';
import { by } from './draft.ts';
import type { PlanInput } from './input.ts';

const init = by('init', 'protect');

export const MASKED = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
];

export const READ_ONLY = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** PATH_MAX with its NUL */
const PATH_BYTES = 4096;

/** @throws InvalidError naming the field, when a path is not absolute or the kernel takes none so long */
export function assertProtectedPaths({ MaskedPaths, ReadonlyPaths }: HostConfig): void {
  for (const [field, paths] of Object.entries({ MaskedPaths, ReadonlyPaths }))
    for (const path of paths ?? [])
      if (!path.startsWith('/') || Buffer.byteLength(path) >= PATH_BYTES)
        throw new InvalidError(
          `invalid value for HostConfig.${field}: ${JSON.stringify(path.slice(0, 100))} is not an absolute path of less than ${PATH_BYTES} bytes`,
        );
}

export function protectSteps(input: PlanInput): StepDraft[] {
  const { masked, readOnly: closed } = protectedPaths(input.record.hostConfig);
  return [
    ...existing(input, masked).map(([path, kind]) =>
      kind === 'file' ? hideFile(path) : hideFolder(path),
    ),
    ...existing(input, closed).flatMap(([path]) => readOnly(path)),
  ];
}

/** A privileged container has everything as it is, unless paths were named. */
export function protectedPaths({
  Privileged,
  MaskedPaths,
  ReadonlyPaths,
}: Pick<HostConfig, 'Privileged' | 'MaskedPaths' | 'ReadonlyPaths'>): {
  masked: readonly string[];
  readOnly: readonly string[];
} {
  return {
    masked: MaskedPaths ?? (Privileged ? [] : MASKED),
    readOnly: ReadonlyPaths ?? (Privileged ? [] : READ_ONLY),
  };
}

/** A folder the user mounts over one that holds hidden ones shows them again: they are hidden once more. */
export function protectBelow(input: PlanInput): StepDraft[] {
  const covers = mountsOf(input.record).map(({ target }) => `${target}/`);
  return existing(input, protectedPaths(input.record.hostConfig).masked)
    .filter(([path, kind]) => kind === 'directory' && covers.some((top) => path.startsWith(top)))
    .map(([path]) => ({ ...hideFolder(path), accept: 'ENOENT' }));
}

function existing(
  input: PlanInput,
  paths: readonly string[],
): ['file' | 'directory' | string, string][] {
  return paths.flatMap((path) => {
    const kind = input.kernelPaths.get(path);
    return kind ? [[path, kind] as [string, string]] : [];
  });
}

function hideFile(path: string): StepDraft {
  return init(
    'mount',
    { source: '/dev/null', target: path, fstype: null, flags: ['MS_BIND'], data: null },
    `hidden: it would tell of the host, or give a hold on it`,
    `mount --bind /dev/null ${path}`,
  );
}

function hideFolder(path: string): StepDraft {
  return init(
    'mount',
    {
      source: 'tmpfs',
      target: path,
      fstype: 'tmpfs',
      flags: ['MS_RDONLY', 'MS_NOSUID', 'MS_NODEV', 'MS_NOEXEC'],
      data: 'size=0k,mode=555',
    },
    'hidden under an empty folder',
    `mount -t tmpfs -o ro,size=0k tmpfs ${path}`,
  );
}

function readOnly(path: string): StepDraft[] {
  return [
    init(
      'mount',
      { source: path, target: path, fstype: null, flags: ['MS_BIND', 'MS_REC'], data: null },
      'make it a mount of its own, so that it can have its own flags',
      `mount --rbind ${path} ${path}`,
    ),
    init(
      'mount',
      {
        source: null,
        target: path,
        fstype: null,
        flags: ['MS_BIND', 'MS_REMOUNT', 'MS_RDONLY', 'MS_NOSUID', 'MS_NODEV', 'MS_NOEXEC'],
        data: null,
      },
      'to look at, not to write: these files change the whole host',
      `mount -o remount,bind,ro ${path}`,
    ),
  ];
}
