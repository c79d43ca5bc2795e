/**
 * The one record of a container, stored as `containers/ID/container.json` under the data root.
 * Everything else about it (names, addresses, references to images) is derived from these records.
 */
import type { Endpoint, EndpointSettings } from '../network/endpoint.ts';
import type { PublishedPort } from '../network/ports/published.ts';
import type { ContainerConfig, HostConfig } from './config.ts';
import type { HealthStatus } from './health.ts';
import type { MountPoint } from './option/mount-point.ts';
import type { ContainerState } from './state.ts';

export interface ContainerRecord {
  schema: 1;
  /** 64 hex digits. */
  id: string;
  /** Without the leading slash the API shows. */
  name: string;
  /** RFC 3339 with nanoseconds. */
  createdAt: string;
  /** `sha256:…` of the image's configuration. */
  imageId: string;
  config: ContainerConfig;
  hostConfig: HostConfig;
  /** What is mounted in it besides what every container has: volumes have their names by now. */
  mounts?: MountPoint[];
  /** Program and arguments after entrypoint and command are joined. */
  path: string;
  args: string[];
  state: ContainerState;
  /** How often its restart policy has started it since the user did. */
  restartCount: number;
  /** What its restart policy waited, or waits, before the next start. */
  restartDelayMs?: number;
  /** What its health check last said of the life that began at `startedAt`. */
  health?: { status: HealthStatus; failingStreak: number; startedAt: string };
  /** The user stopped it; undone by the next start. */
  manuallyStopped?: boolean;
  /** By network name: what it is to be on. Absent in records from before there were networks of users. */
  networks?: Record<string, EndpointSettings>;
  /** By network name: what it is on while it runs. */
  endpoints: Record<string, Endpoint>;
  /** Ports of the host that lead to it while it runs. */
  published?: PublishedPort[];
}
