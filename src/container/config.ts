/**
 * A container's configuration, in the Engine API's own words (`POST /containers/create`), so that it
 * reads back from `inspect` exactly as it was set. The API validates (src/api/schema/), this file only
 * says the shape that everything below can rely on: every field present, null where Docker has null.
 */
import type { EndpointSettings } from '../network/endpoint.ts';

export interface ContainerConfig {
  Hostname: string;
  Domainname: string;
  User: string;
  AttachStdin: boolean;
  AttachStdout: boolean;
  AttachStderr: boolean;
  ExposedPorts: Record<string, object> | null;
  Tty: boolean;
  OpenStdin: boolean;
  StdinOnce: boolean;
  Env: string[];
  Cmd: string[] | null;
  Healthcheck?: Healthcheck | null;
  ArgsEscaped?: boolean;
  Image: string;
  Volumes: Record<string, object> | null;
  WorkingDir: string;
  Entrypoint: string[] | null;
  NetworkDisabled?: boolean;
  MacAddress?: string;
  OnBuild: string[] | null;
  Labels: Record<string, string>;
  StopSignal?: string;
  StopTimeout?: number | null;
  Shell?: string[] | null;
}

/** Durations in nanoseconds. */
export interface Healthcheck {
  Test?: string[] | null;
  Interval?: number;
  Timeout?: number;
  StartPeriod?: number;
  StartInterval?: number;
  Retries?: number;
}

export interface HostConfig {
  Binds: string[] | null;
  ContainerIDFile: string;
  LogConfig: { Type: string; Config: Record<string, string> };
  NetworkMode: string;
  PortBindings: Record<string, { HostIp?: string; HostPort?: string }[] | null> | null;
  RestartPolicy: { Name: string; MaximumRetryCount: number };
  AutoRemove: boolean;
  VolumeDriver: string;
  VolumesFrom: string[] | null;
  ConsoleSize: [number, number];
  Annotations?: Record<string, string> | null;
  Mounts?: MountSpec[] | null;
  CapAdd: string[] | null;
  CapDrop: string[] | null;
  /** `private`, `host` or empty (the default: private). */
  CgroupnsMode: string;
  Dns: string[] | null;
  DnsOptions: string[] | null;
  DnsSearch: string[] | null;
  ExtraHosts: string[] | null;
  GroupAdd: string[] | null;
  IpcMode: string;
  Cgroup: string;
  Links: string[] | null;
  OomScoreAdj: number;
  PidMode: string;
  Privileged: boolean;
  PublishAllPorts: boolean;
  ReadonlyRootfs: boolean;
  SecurityOpt: string[] | null;
  Tmpfs?: Record<string, string> | null;
  UTSMode: string;
  UsernsMode: string;
  /** Bytes; 0 means the default of 64 MiB. */
  ShmSize: number;
  Sysctls?: Record<string, string> | null;
  Runtime: string;
  Isolation: string;
  Init?: boolean | null;
  /** Relative weight, 0 = default (1024). */
  CpuShares: number;
  /** Bytes, 0 = no limit. */
  Memory: number;
  /** Billionths of a CPU. */
  NanoCpus: number;
  CgroupParent: string;
  BlkioWeight: number;
  BlkioWeightDevice?: { Path: string; Weight: number }[] | null;
  /** Bytes, or operations, a second. */
  BlkioDeviceReadBps?: DeviceRate[] | null;
  BlkioDeviceWriteBps?: DeviceRate[] | null;
  BlkioDeviceReadIOps?: DeviceRate[] | null;
  BlkioDeviceWriteIOps?: DeviceRate[] | null;
  /** Microseconds. */
  CpuPeriod: number;
  CpuQuota: number;
  CpuRealtimePeriod: number;
  CpuRealtimeRuntime: number;
  CpusetCpus: string;
  CpusetMems: string;
  Devices: { PathOnHost: string; PathInContainer: string; CgroupPermissions: string }[] | null;
  DeviceCgroupRules: string[] | null;
  MemoryReservation: number;
  /** Memory plus swap in bytes; 0 = twice the memory, -1 = no limit. */
  MemorySwap: number;
  MemorySwappiness: number | null;
  OomKillDisable: boolean | null;
  /** null, 0 or -1 = no limit. */
  PidsLimit: number | null;
  Ulimits: { Name: string; Soft: number; Hard: number }[] | null;
  MaskedPaths: string[] | null;
  ReadonlyPaths: string[] | null;
}

export interface DeviceRate {
  Path: string;
  Rate: number;
}

/** `--mount`, the API's `Mount`. */
export interface MountSpec {
  Type?: string | undefined;
  Source?: string | undefined;
  Target?: string | undefined;
  ReadOnly?: boolean | undefined;
  Consistency?: string | undefined;
  BindOptions?:
    | {
        Propagation?: string | undefined;
        NonRecursive?: boolean | undefined;
        CreateMountpoint?: boolean | undefined;
        ReadOnlyNonRecursive?: boolean | undefined;
        ReadOnlyForceRecursive?: boolean | undefined;
      }
    | undefined;
  VolumeOptions?:
    | {
        NoCopy?: boolean | undefined;
        Labels?: Record<string, string> | undefined;
        Subpath?: string | undefined;
        DriverConfig?:
          | { Name?: string | undefined; Options?: Record<string, string> | undefined }
          | undefined;
      }
    | undefined;
  TmpfsOptions?:
    | {
        SizeBytes?: number | undefined;
        Mode?: number | undefined;
        Options?: string[][] | undefined;
      }
    | undefined;
}

/** What `create` needs: the validated body of `POST /containers/create?name=`. */
export interface CreateRequest {
  /** Undefined: a random `adjective_noun`. */
  name?: string;
  config: ContainerConfig;
  hostConfig: HostConfig;
  /** EndpointsConfig, by the names or ids that were given. */
  networks?: Record<string, EndpointSettings>;
}
