/**
 * From a container's configuration to the ordered list of steps that makes it. A pure function: the
 * same input gives the same list, so it can be shown before it is run, and tested without root.
 */
import { numberSteps, type Slot, type Step, type StepDraft, slot } from '../../step/step.ts';
import { cgroupSteps } from './cgroup.ts';
import { deviceSteps } from './devices.ts';
import { by } from './draft.ts';
import { identitySteps } from './identity.ts';
import type { PlanInput } from './input.ts';
import { joinedSlots, joinSteps } from './join.ts';
import { sourceFolderSteps } from './mount-sources.ts';
import { mountSteps } from './mounts.ts';
import { namespaceSteps } from './namespaces.ts';
import { programSteps } from './program.ts';
import { protectBelow, protectSteps } from './protect.ts';
import { rootfsSteps } from './rootfs.ts';
import { stdioSteps } from './stdio.ts';
import { userMountSteps } from './user-mounts.ts';

export function planContainer(input: PlanInput): Step[] {
  return numberSteps([
    ...cgroupSteps(input),
    ...input.network,
    ...joinSteps(input.joined),
    ...sourceFolderSteps(input),
    spawnShim(input.paths.runDir, inherited(input)),
    ...stdioSteps(input),
    ...namespaceSteps(input),
    ...rootfsSteps(input),
    ...mountSteps(input),
    ...deviceSteps(input),
    ...protectSteps(input),
    ...userMountSteps(input, 'kernel'),
    ...protectBelow(input),
    ...identitySteps(input),
    ...programSteps(input),
  ]);
}

function inherited({ netns, facts, joined, record }: PlanInput): Slot[] {
  return [
    ...joinedSlots(joined).map(slot),
    ...(record.hostConfig.Init ? [slot('docker-init')] : []),
    ...(netns === 'own' ? [slot('netns')] : []),
    ...(facts.cgroup.mode === 'v2' ? [slot('cgroup')] : []),
  ];
}

/**
 * @param cwd the folder for its socket and its exit record
 * @param inherit descriptors it is started with
 */
export function spawnShim(cwd: string, inherit: readonly Slot[]): StepDraft {
  return by('supervisor', 'stdio')(
    'posix_spawn',
    {
      file: 'petri-shim',
      cwd,
      inherit: Object.fromEntries(inherit.map((fd) => [fd.slot, fd])),
    },
    'a small process that will be the container’s parent: it outlives the engine',
    'petri-shim &',
    { see: 'posix_spawn(3)' },
  );
}
