/** Which groups above a container's own are still to be made, when `--cgroup-parent` names them. */
import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { InvalidError } from '../errors/errors.ts';
import type { HostConfig } from './config.ts';
import { cgroupParent } from './option/cgroup-parent.ts';
import { groupRoots } from './plan/cgroup.ts';
import type { HostFacts } from './plan/facts.ts';

export interface ParentGroups {
  /** To be made, parents first. */
  missing: string[];
  /** On v1: what a new group of the cpuset hierarchy is to have, from the nearest one that has it. */
  cpuset?: { cpus: string; mems: string };
  /** Groups of that hierarchy that are there and may use nothing yet, parents first. */
  idle?: string[];
}

/** @throws InvalidError when a part of the path is a file of the hierarchy */
export function lookUpGroups(host: HostConfig, facts: HostFacts): ParentGroups {
  if (host.CgroupParent === '') return { missing: [] };
  const parents = groupRoots(facts).map((root) => join(root, cgroupParent(host)));
  const missing = parents.flatMap(missingAbove);
  const { cgroup } = facts;
  if (cgroup.mode === 'v2') return { missing };
  const root = cgroup.hierarchies.find(({ controllers }) => controllers.includes('cpuset'))?.path;
  return { missing, ...(root ? cpusetAbove(join(root, cgroupParent(host))) : {}) };
}

function missingAbove(path: string): string[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat && !stat.isDirectory())
    throw new InvalidError(`invalid cgroup-parent: ${path} is a file of the kernel's`);
  return stat ? [] : [...missingAbove(dirname(path)), path];
}

function cpusetAbove(path: string): Required<Pick<ParentGroups, 'cpuset' | 'idle'>> {
  if (!statSync(path, { throwIfNoEntry: false })) return cpusetAbove(dirname(path));
  const read = (name: string) => readFileSync(join(path, name), 'utf8').trim();
  const cpuset = { cpus: read('cpuset.cpus'), mems: read('cpuset.mems') };
  if (cpuset.cpus && cpuset.mems) return { cpuset, idle: [] };
  const above = cpusetAbove(dirname(path));
  return { cpuset: { ...above.cpuset, ...withoutEmpty(cpuset) }, idle: [...above.idle, path] };
}

function withoutEmpty(cpuset: { cpus: string; mems: string }): Partial<typeof cpuset> {
  return { ...(cpuset.cpus && { cpus: cpuset.cpus }), ...(cpuset.mems && { mems: cpuset.mems }) };
}
