/**
 * Phase `cgroup`: a control group of the container's own in every hierarchy, its limits, and the
 * devices it may open. Made by the supervisor before the container exists, so that the program never
 * runs without its limits. cgroups(7); kernel documentation, cgroup-v2 and cgroup-v1.
 */
import { type DeviceRule, dockerDeviceRules, v1DeviceTexts } from '../../kernel/device-filter.ts';
import { type StepDraft, slot } from '../../step/step.ts';
import { cgroupParent } from '../option/cgroup-parent.ts';
import { extraRules } from '../option/devices.ts';
import { by, quote } from './draft.ts';
import type { PlanInput } from './input.ts';
import { limitFiles } from './limits.ts';
import { inheritCpuset, parentGroupSteps } from './parent-groups.ts';

const write = by('supervisor', 'cgroup');

/** Where each hierarchy is mounted. */
export function groupRoots({ cgroup }: Pick<PlanInput, 'facts'>['facts']): string[] {
  return cgroup.mode === 'v2' ? [cgroup.root] : cgroup.hierarchies.map(({ path }) => path);
}

/** The container's group in each hierarchy: one path on v2, one per hierarchy on v1. */
export function cgroupPaths(input: Pick<PlanInput, 'facts' | 'record'>): string[] {
  return groupRoots(input.facts).map((root) => groupBelow(root, input));
}

function groupBelow(root: string | undefined, { record }: Pick<PlanInput, 'record'>): string {
  return `${root}/${cgroupParent(record.hostConfig)}/${record.id}`;
}

export function cgroupSteps(input: PlanInput): StepDraft[] {
  return [
    ...parentGroupSteps(input),
    ...cgroupPaths(input).map(makeGroup),
    ...inheritCpuset(input, groupOf(input, 'cpuset')),
    ...limitFiles(input.record.hostConfig, input.facts, input.blockDevices).map(
      ({ controller, file, data, why }) =>
        setFile(`${groupOf(input, controller)}/${file}`, data, why),
    ),
    ...deviceSteps(input),
    ...(input.facts.cgroup.mode === 'v2' ? [openGroup(groupOf(input, 'pids'))] : []),
  ];
}

/** The container's group in the hierarchy of `controller`. */
export function groupOf(input: Pick<PlanInput, 'facts' | 'record'>, controller: string): string {
  const { cgroup } = input.facts;
  const root =
    cgroup.mode === 'v2'
      ? cgroup.root
      : cgroup.hierarchies.find(({ controllers }) => controllers.includes(controller))?.path;
  return groupBelow(root, input);
}

function makeGroup(path: string): StepDraft {
  return write(
    'mkdir',
    { path, mode: 0o755 },
    'a control group of its own, by which the kernel counts and limits what the container uses',
    `mkdir ${path}`,
    { undo: { call: 'rmdir', args: { path } }, see: 'cgroups(7)' },
  );
}

function setFile(path: string, data: string, why: string): StepDraft {
  return write('write', { path, data }, why, `echo ${quote(data)} > ${path}`, {
    see: 'cgroups(7)',
  });
}

function deviceSteps(input: PlanInput): StepDraft[] {
  const extra = extraRules(input.record.hostConfig, input.devices);
  if (extra === undefined) return anyDevice(input);
  const rules: readonly DeviceRule[] = [...dockerDeviceRules, ...extra];
  if (input.facts.cgroup.mode === 'v2') return [attachFilter(groupOf(input, 'devices'), rules)];
  const group = groupOf(input, 'devices');
  return v1DeviceTexts(rules).map(({ file, data }) =>
    setFile(
      `${group}/${file}`,
      data,
      file === 'devices.deny'
        ? 'no device may be opened, not even one the container makes itself by mknod'
        : 'except the harmless ones, and those asked for',
    ),
  );
}

/** On v2 a group without a program of its own forbids nothing. */
function anyDevice(input: PlanInput): StepDraft[] {
  if (input.facts.cgroup.mode === 'v2') return [];
  const file = `${groupOf(input, 'devices')}/devices.allow`;
  return [setFile(file, 'a', 'privileged: every device of the host may be opened')];
}

function attachFilter(path: string, rules: readonly DeviceRule[]): StepDraft {
  return write(
    'BPF_PROG_ATTACH',
    { path, allow: rules.map(ruleText) },
    'no device may be opened but these, not even one the container makes itself by mknod',
    `bpftool cgroup attach ${path} cgroup_device ...`,
    { see: 'bpf(2)' },
  );
}

/** `c 1:3 rwm`, as cgroup v1 and docker write it. */
export function ruleText(rule: DeviceRule): string {
  return `${rule.type} ${rule.major ?? '*'}:${rule.minor ?? '*'} ${rule.access}`;
}

export function openGroup(path: string): StepDraft {
  return write(
    'open',
    { path, flags: ['O_PATH', 'O_DIRECTORY', 'O_CLOEXEC'], mode: 0, out: slot('cgroup') },
    'the group as a descriptor: the container is born in it (CLONE_INTO_CGROUP), never outside its limits',
    `exec {cgroup}< ${path}`,
    { undo: { call: 'close', args: { fd: slot('cgroup') } } },
  );
}
