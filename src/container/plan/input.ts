/** All that a plan is computed from. Nothing here is looked up while planning: planning is pure. */
import type { StepDraft } from '../../step/step.ts';
import type { ContainerPaths } from '../../store/paths.ts';
import type { ParentGroups } from '../look-up-groups.ts';
import type { VolumeSource } from '../look-up-mounts.ts';
import type { DeviceNode } from '../option/devices.ts';
import type { ContainerRecord } from '../record.ts';
import type { HostFacts } from './facts.ts';
import type { Joined } from './join.ts';

/** Who the program runs as, already looked up in the container's own passwd and group files. */
export interface Identity {
  uid: number;
  gid: number;
  /** Supplementary groups, the primary one included. */
  groups: readonly number[];
  home: string;
}

export interface PlanInput {
  record: ContainerRecord;
  paths: ContainerPaths;
  facts: HostFacts;
  identity: Identity;
  /** The filter of system calls in base64; undefined: none. */
  seccomp: string | undefined;
  /** Overlay's lower folders, top first, the init layer included. */
  lowerDirs: readonly string[];
  /** Steps of phase `network`, as the container's network mode wants them (src/network/). */
  network: readonly StepDraft[];
  /** `own`: a network namespace in slot `netns`; `host`: the host's. */
  netns: 'own' | 'host';
  /** Of the masked and read-only paths asked for: those that exist, and what they are. */
  kernelPaths: ReadonlyMap<string, 'file' | 'directory'>;
  /** What the host has where a bind mount comes from. */
  bindSources: ReadonlyMap<string, 'file' | 'directory' | 'missing'>;
  /** Where each volume is on the host, by the place it is mounted on. */
  volumeSources: ReadonlyMap<string, VolumeSource>;
  /** Folders of the host to be made for it, parents first. */
  missingFolders: readonly string[];
  /** Of `--cgroup-parent`: what is not there yet. */
  parentGroups: ParentGroups;
  /** Those that weights and throttles name: `MAJOR:MINOR` by path. */
  blockDevices: ReadonlyMap<string, string>;
  /** Devices of the host that the container gets beside the harmless ones. */
  devices: readonly DeviceNode[];
  /** Running containers whose namespaces are entered. */
  joined: Joined;
  /** Where the files under /etc are: another container's when its network is shared. */
  etc: ContainerPaths;
}
