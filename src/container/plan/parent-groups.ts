/**
 * The groups of `--cgroup-parent`. Those that are not there are made, and go again with the last container in them: the
 * sticky bit marks them as the engine's, for a group has no other place for a note. cgroups(7).
 */
import { MADE_BY_ENGINE } from '../../kernel/cgroup.ts';
import type { StepDraft } from '../../step/step.ts';
import { cgroupParent } from '../option/cgroup-parent.ts';
import { by, quote } from './draft.ts';
import type { PlanInput } from './input.ts';

const write = by('supervisor', 'cgroup');

/** Those that limits and statistics of containers need, if the kernel has them. */
const CONTROLLERS = ['cpu', 'memory', 'pids', 'cpuset', 'io'];
const MODE = 0o755 | MADE_BY_ENGINE;

export function parentGroupSteps(input: PlanInput): StepDraft[] {
  if (input.record.hostConfig.CgroupParent === '') return [];
  const made = input.parentGroups.missing.flatMap((path) => [
    makeGroup(path),
    ...inheritCpuset(input, path),
  ]);
  const idle = input.parentGroups.idle ?? [];
  return [...idle.flatMap((path) => inheritCpuset(input, path)), ...made, ...handDown(input)];
}

function makeGroup(path: string): StepDraft {
  return write(
    'mkdir',
    { path, mode: MODE },
    'a group that was asked for as the parent and is not there; the sticky bit marks it as the engine’s own, to be removed when it is empty',
    `mkdir -m ${MODE.toString(8)} ${path}`,
    { undo: { call: 'rmdir', args: { path } }, see: 'cgroups(7)' },
  );
}

/** On v1 a new group of this hierarchy has no CPUs and takes no process; the engine's own hands them down by itself. */
export function inheritCpuset(
  { facts: { cgroup }, parentGroups }: PlanInput,
  path: string,
): StepDraft[] {
  const { cpuset } = parentGroups;
  if (cgroup.mode === 'v2' || !cpuset) return [];
  const root = cgroup.hierarchies.find(({ controllers }) => controllers.includes('cpuset'))?.path;
  if (!path.startsWith(`${root}/`)) return [];
  return Object.entries(cpuset).map(([kind, data]) => {
    const file = `${path}/cpuset.${kind}`;
    const why = 'a new group may use nothing here until it is told: the same as its parent';
    return write('write', { path: file, data }, why, `echo ${quote(data)} > ${file}`, {
      see: 'cpuset(7)',
    });
  });
}

/** On v2 each group above must hand its controllers down, or the limits have no files. */
function handDown({ facts: { cgroup }, record }: PlanInput): StepDraft[] {
  if (cgroup.mode !== 'v2') return [];
  const wanted = CONTROLLERS.filter((name) => cgroup.controllers.includes(name));
  const parts = cgroupParent(record.hostConfig).split('/');
  const parents = parts.map((_, i) => [cgroup.root, ...parts.slice(0, i + 1)].join('/'));
  return parents.flatMap((parent) =>
    wanted.map((name) => {
      const path = `${parent}/cgroup.subtree_control`;
      return write(
        'write',
        { path, data: `+${name}` },
        `groups below it may limit ${name}`,
        `echo +${name} > ${path}`,
        // What the root itself does not hand down is not there.
        { see: 'cgroups(7)', accept: 'ENOENT' },
      );
    }),
  );
}
