/** Looks at the host once, at start: everything the plans depend on. */
import { existsSync, readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { PARENT } from '../container/option/cgroup-parent.ts';
import { weightFiles } from '../container/plan/block-io.ts';
import type { HostFacts } from '../container/plan/facts.ts';
import { lastCapability, ownCapabilities } from '../kernel/capabilities.ts';
import { type CgroupLayout, detectCgroups, prepareCgroupParents } from '../kernel/cgroup.ts';
import { overlayLowerdirPlus } from '../kernel/mounts.ts';

const optionalFiles = [
  'memory.oom_control',
  'memory.swappiness',
  ...weightFiles.v1,
  ...weightFiles.v2,
];

/** Also makes the folders `petri` in the control group hierarchies. */
export function gatherFacts(): HostFacts {
  const cgroup = detectCgroups();
  const parents = prepareCgroupParents(cgroup, PARENT);
  return {
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    lastCapability: lastCapability(),
    capabilities: ownCapabilities(),
    cgroup,
    overlayLowerdirPlus: overlayLowerdirPlus(),
    swapLimit: hasSwapLimit(cgroup, parents),
    groupFiles: optionalFiles.filter((name) => hasFile(parents, name)),
    cpus: cpus().length,
    memoryBytes: totalmem(),
  };
}

/** The file is there when the kernel counts swap (on v1 only with `swapaccount=1` or a newer kernel). */
function hasSwapLimit(cgroup: CgroupLayout, parents: readonly string[]): boolean {
  const file = cgroup.mode === 'v2' ? 'memory.swap.max' : 'memory.memsw.limit_in_bytes';
  return hasFile(parents, file);
}

function hasFile(parents: readonly string[], name: string): boolean {
  return parents.some((parent) => existsSync(join(parent, name)));
}
