/** HostConfig of `POST /containers/create`: what the container gets from the host. */
import { z } from 'zod';
import type { HostConfig } from '../../container/config.ts';
import { MASKED, READ_ONLY } from '../../container/plan/protect.ts';
import { flag, integer, orNull, text, textMap, texts } from './fields.ts';

const portBinding = z.object({ HostIp: text(), HostPort: text() });
const device = z.object({ PathOnHost: text(), PathInContainer: text(), CgroupPermissions: text() });
const ulimit = z.object({ Name: text(), Soft: integer(-1), Hard: integer(-1) });
const count = () => z.int().min(0).max(Number.MAX_SAFE_INTEGER).optional();
const given = z
  .string()
  .refine((value) => !value.includes('\0'), 'a NUL is not allowed')
  .optional();
/** `null` is as good as absent; what is there is kept as it is, to be read back. */
const mount = z.object({
  Type: given,
  Source: given,
  Target: given,
  ReadOnly: z.boolean().optional(),
  Consistency: given,
  BindOptions: z
    .object({
      Propagation: given,
      NonRecursive: z.boolean().optional(),
      CreateMountpoint: z.boolean().optional(),
      ReadOnlyNonRecursive: z.boolean().optional(),
      ReadOnlyForceRecursive: z.boolean().optional(),
    })
    .optional(),
  VolumeOptions: z
    .object({
      NoCopy: z.boolean().optional(),
      Labels: z.record(z.string(), z.string()).optional(),
      Subpath: given,
      DriverConfig: z
        .object({ Name: given, Options: z.record(z.string(), z.string()).optional() })
        .optional(),
    })
    .optional(),
  TmpfsOptions: z
    .object({
      SizeBytes: count(),
      Mode: z.int().min(0).max(0o7777).optional(),
      Options: z.array(z.array(z.string())).optional(),
    })
    .optional(),
});
const objects = () => orNull(z.array(z.looseObject({})));
const rates = () => orNull(z.array(z.object({ Path: text(), Rate: integer(0) })));
const side = z.int().min(0).max(65535);

const fields = z.object({
  Binds: texts(),
  ContainerIDFile: text(),
  LogConfig: orNull(
    z.object({ Type: text(), Config: textMap().transform((value) => value ?? {}) }),
  ).transform((value) => ({ Type: value?.Type || 'json-file', Config: value?.Config ?? {} })),
  NetworkMode: text().transform((value) => value || 'default'),
  PortBindings: orNull(z.record(z.string(), orNull(z.array(portBinding)))),
  RestartPolicy: orNull(
    z.object({
      Name: text(),
      MaximumRetryCount: integer(),
    }),
  ).transform((value) => ({
    Name: value?.Name || 'no',
    MaximumRetryCount: value?.MaximumRetryCount ?? 0,
  })),
  AutoRemove: flag(),
  VolumeDriver: text(),
  VolumesFrom: texts(),
  ConsoleSize: orNull(z.tuple([side, side])).transform(
    (value) => value ?? ([0, 0] as [number, number]),
  ),
  Annotations: textMap(),
  Mounts: orNull(z.array(z.preprocess(withoutNulls, mount))),
  CapAdd: texts(),
  CapDrop: texts(),
  CgroupnsMode: z
    .enum(['', 'private', 'host'])
    .nullish()
    .transform((value) => value || 'private'),
  Dns: texts(),
  DnsOptions: texts(),
  DnsSearch: texts(),
  ExtraHosts: texts(),
  GroupAdd: texts(),
  IpcMode: text().transform((value) => value || 'private'),
  Cgroup: text(),
  Links: texts(),
  OomScoreAdj: integer(-1000, 1000),
  PidMode: text(),
  Privileged: flag(),
  PublishAllPorts: flag(),
  ReadonlyRootfs: flag(),
  SecurityOpt: texts(),
  StorageOpt: textMap(),
  Tmpfs: textMap(),
  UTSMode: text(),
  UsernsMode: text(),
  ShmSize: integer(0).transform((value) => value || 64 * 1024 * 1024),
  Sysctls: textMap(),
  Runtime: text(),
  Isolation: text(),
  Init: orNull(z.boolean()),
  CpuShares: integer(0),
  Memory: integer(0),
  NanoCpus: integer(0),
  CgroupParent: text(),
  BlkioWeight: integer(0, 1000),
  BlkioWeightDevice: orNull(z.array(z.object({ Path: text(), Weight: integer(0, 1000) }))),
  BlkioDeviceReadBps: rates(),
  BlkioDeviceWriteBps: rates(),
  BlkioDeviceReadIOps: rates(),
  BlkioDeviceWriteIOps: rates(),
  CpuPeriod: integer(0),
  CpuQuota: integer(-1),
  CpuRealtimePeriod: integer(0),
  CpuRealtimeRuntime: integer(0),
  CpusetCpus: text(),
  CpusetMems: text(),
  Devices: orNull(z.array(device)),
  DeviceCgroupRules: texts(),
  DeviceRequests: objects(),
  MemoryReservation: integer(0),
  MemorySwap: integer(-1),
  MemorySwappiness: orNull(z.int().min(-1).max(100)),
  OomKillDisable: orNull(z.boolean()),
  PidsLimit: orNull(z.int().min(-1).max(4_194_304)),
  Ulimits: orNull(z.array(ulimit)),
  MaskedPaths: texts(),
  ReadonlyPaths: texts(),
});

/** Go's encoding/json leaves what is `null` as it was, which is unset. */
function withoutNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== null);
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutNulls(item)]));
}

/** With the fields that Petri keeps no place for; unbuilt.ts refuses them when they are set. */
export type GivenHostConfig = z.output<typeof fields>;

export const hostConfig = fields;

/** The stored form: every field of HostConfig, the optional ones only when they say something. */
export function storedHostConfig(given: GivenHostConfig): HostConfig {
  const { StorageOpt, DeviceRequests, ...rest } = given;
  const { Annotations, Mounts, Tmpfs, Sysctls, Init, ...always } = rest;
  return {
    ...always,
    // What dockerd makes of numbers that stand for another, and of those that say nothing.
    MemorySwap: always.MemorySwap || 2 * always.Memory,
    PidsLimit: always.PidsLimit || null,
    MemorySwappiness: always.MemorySwappiness === -1 ? null : always.MemorySwappiness,
    Runtime: always.Runtime || 'petri',
    MaskedPaths: always.MaskedPaths ?? (always.Privileged ? null : MASKED),
    ReadonlyPaths: always.ReadonlyPaths ?? (always.Privileged ? null : READ_ONLY),
    ...(Annotations ? { Annotations } : {}),
    ...(Mounts ? { Mounts } : {}),
    ...(Tmpfs ? { Tmpfs } : {}),
    ...(Sysctls ? { Sysctls } : {}),
    ...(Init !== null ? { Init } : {}),
  };
}
