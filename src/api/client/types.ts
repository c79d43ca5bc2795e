/** The parts of the Engine API's answers that the command line reads. */
import type { ContainerConfig, HostConfig } from '../../container/config.ts';
import type { ExecConfig } from '../../container/exec/exec.ts';
import type { Result, Step } from '../../step/step.ts';

export interface Port {
  IP?: string;
  PrivatePort: number;
  PublicPort?: number;
  Type: string;
}

/** `GET /containers/json` */
export interface ContainerSummary {
  Id: string;
  Names: string[];
  Image: string;
  ImageID: string;
  Command: string;
  /** Unix seconds. */
  Created: number;
  Ports: Port[] | null;
  Labels: Record<string, string> | null;
  State: string;
  Status: string;
  SizeRw?: number;
  SizeRootFs?: number;
  Mounts?: { Name?: string; Source: string; Type?: string }[] | null;
  NetworkSettings?: { Networks?: Record<string, unknown> | null } | null;
}

/** `GET /containers/{id}/json`, what is read of it. */
export interface ContainerDetails {
  Id: string;
  Name: string;
  Config: ContainerConfig;
  HostConfig: HostConfig;
  State: { Status: string; Running: boolean; Paused: boolean; ExitCode: number; Error: string };
  NetworkSettings?: {
    Ports?: Record<string, { HostIp?: string; HostPort?: string }[] | null> | null;
  };
}

interface CpuAnswer {
  cpu_usage: { total_usage: number; percpu_usage?: number[] | null };
  system_cpu_usage?: number;
  online_cpus?: number;
}

/** `GET /containers/{id}/stats` */
export interface StatsAnswer {
  id: string;
  name: string;
  cpu_stats: CpuAnswer;
  precpu_stats: CpuAnswer;
  memory_stats: { usage?: number; limit?: number; stats?: Record<string, number> | null };
  pids_stats: { current?: number };
  blkio_stats: { io_service_bytes_recursive?: { op: string; value: number }[] | null };
  networks?: Record<string, { rx_bytes: number; tx_bytes: number }> | null;
}

/** `GET /images/json` */
export interface ImageSummary {
  Id: string;
  RepoTags: string[] | null;
  RepoDigests: string[] | null;
  Created: number;
  Size: number;
  SharedSize?: number;
  Containers?: number;
  Labels: Record<string, string> | null;
}

/** One step of `GET /images/{name}/history` */
export interface HistoryItem {
  Id: string;
  /** Unix seconds. */
  Created: number;
  CreatedBy: string;
  Tags: string[] | null;
  Size: number;
  Comment: string;
}

/** The body of `POST /containers/create`: everything may be left out but the image. */
export type CreateBody = Partial<ContainerConfig> & {
  HostConfig?: Partial<HostConfig>;
  NetworkingConfig?: { EndpointsConfig: Record<string, EndpointBody> };
};

/** A place on a network, as it is asked for: `EndpointSettings`. What is left out is the engine's to choose. */
export interface EndpointBody {
  Aliases?: string[];
  Links?: string[];
  IPAMConfig?: { IPv4Address?: string; IPv6Address?: string; LinkLocalIPs?: string[] };
  MacAddress?: string;
  DriverOpts?: Record<string, string>;
  GwPriority?: number;
}

/** The addresses of a network, as they are asked for. */
export interface IpamBody {
  Subnet: string;
  IPRange?: string;
  Gateway?: string;
  AuxiliaryAddresses?: Record<string, string>;
}

/** The body of `POST /networks/create`. */
export interface NetworkBody {
  Name: string;
  /** Wanted by engines older than 1.44. */
  CheckDuplicate?: boolean;
  Driver: string;
  Scope: string;
  EnableIPv4?: boolean;
  EnableIPv6?: boolean;
  IPAM: { Driver: string; Options: Record<string, string>; Config: IpamBody[] };
  Internal: boolean;
  Attachable: boolean;
  Ingress: boolean;
  ConfigOnly: boolean;
  ConfigFrom?: { Network: string };
  Options: Record<string, string>;
  Labels: Record<string, string>;
}

/** `GET /networks`, what is read of it. */
export interface NetworkSummary {
  Id: string;
  Name: string;
  /** RFC 3339 */
  Created: string;
  Driver: string;
  Scope: string;
  EnableIPv4?: boolean;
  EnableIPv6?: boolean;
  Internal: boolean;
  Labels: Record<string, string> | null;
}

/** The body of `POST /containers/{id}/exec`. */
export type ExecBody = Partial<ExecConfig> & { Cmd: string[] };

/** `GET /exec/{id}/json`, what is read of it. */
export interface ExecDetails {
  ID: string;
  Running: boolean;
  ExitCode: number | null;
  Pid: number;
}

export interface WaitAnswer {
  StatusCode: number;
  Error?: { Message: string } | null;
}

export interface StepAnswer {
  Steps: Step[];
  Results: Result[];
  /** Of a container: the ids of its execs, oldest first. */
  Execs?: string[];
}

/** One line of `GET /containers/{id}/steps?follow=1`, and of `/exec/{id}/steps`. */
export interface StepLine {
  Step: Step;
  Result: Result;
}

export interface VersionAnswer {
  Platform?: { Name: string };
  Components?: { Name: string; Version: string; Details?: Record<string, string> }[];
  Version: string;
  ApiVersion: string;
  MinAPIVersion?: string;
  GitCommit: string;
  GoVersion: string;
  Os: string;
  Arch: string;
  KernelVersion?: string;
  Experimental?: boolean;
  BuildTime?: string;
}

/** `GET /volumes/{name}` */
export interface VolumeAnswer {
  Name: string;
  Driver: string;
  Mountpoint: string;
  Scope?: string;
  Labels: Record<string, string> | null;
  Options: Record<string, string> | null;
  /** Of `GET /system/df` alone; a size of -1 is not known. */
  UsageData?: { RefCount: number; Size: number } | null;
}

/** `GET /system/df` */
export interface DiskUsage {
  LayersSize: number;
  Images: ImageSummary[] | null;
  Containers: ContainerSummary[] | null;
  Volumes: VolumeAnswer[] | null;
  BuildCache: { ID: string; Size: number; InUse: boolean; Shared: boolean }[] | null;
}

/** `GET /info`; read field by field, as engines differ. */
export type InfoAnswer = Record<string, unknown>;

/** One line of `POST /images/create`. */
export interface ProgressLine {
  status?: string;
  /** Of the layer it is about. */
  id?: string;
  progress?: string;
  /** Bytes. */
  progressDetail?: { current?: number; total?: number };
  /** Text to be shown as it is. */
  stream?: string;
  aux?: Record<string, unknown>;
  error?: string;
}
