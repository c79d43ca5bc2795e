/**
 * Phase `namespaces`: the shim clones the container's first process into namespaces of its own, and
 * that process joins its control groups and its network. namespaces(7), clone(2).
 */
import { type StepDraft, slot } from '../../step/step.ts';
import { cgroupParent } from '../option/cgroup-parent.ts';
import { by, quote } from './draft.ts';
import type { PlanInput } from './input.ts';

const shim = by('shim', 'namespaces');
const init = by('init', 'namespaces');

export function namespaceSteps(input: PlanInput): StepDraft[] {
  const { hostConfig, config } = input.record;
  return [
    shim(
      'prctl',
      { option: ['PR_SET_CHILD_SUBREAPER'], arg2: 1 },
      'processes the container leaves behind become children of the shim, which reaps them',
      '# PR_SET_CHILD_SUBREAPER',
    ),
    ...(input.joined.pid ? joinProcesses() : []),
    clone(input),
    ...joinV1Groups(input),
    ...(input.netns === 'own' ? [joinNetwork()] : []),
    ...(input.joined.ipc ? [joinIpc()] : []),
    ...(hostConfig.CgroupnsMode === 'host' ? [] : [hideGroups()]),
    ...(hostConfig.UTSMode === 'host' ? [] : hostnames(config.Hostname, config.Domainname)),
    oomScore(hostConfig.OomScoreAdj),
    ownSession(),
  ];
}

export function oomScore(score: number): StepDraft {
  return init(
    'write',
    { path: '/proc/self/oom_score_adj', data: String(score) },
    'when memory runs out the kernel weighs the container as asked, not as it weighs the engine',
    `echo ${score} > /proc/self/oom_score_adj`,
    { see: 'proc_pid_oom_score_adj(5)' },
  );
}

export function ownSession(): StepDraft {
  return init(
    'setsid',
    {},
    'a session of its own: no signal and no terminal of the host reaches it',
    'setsid',
  );
}

/** Those of the child's namespaces that are new. */
function newNamespaces({ PidMode, UTSMode, IpcMode }: PlanInput['record']['hostConfig']): string[] {
  const isNew = (mode: string) => mode !== 'host' && !mode.startsWith('container:');
  return [
    'CLONE_NEWNS',
    ...(isNew(PidMode) ? ['CLONE_NEWPID'] : []),
    ...(isNew(UTSMode) ? ['CLONE_NEWUTS'] : []),
    ...(isNew(IpcMode) ? ['CLONE_NEWIPC'] : []),
  ];
}

const UNSHARE = {
  CLONE_NEWNS: '--mount',
  CLONE_NEWPID: '--pid',
  CLONE_NEWIPC: '--ipc',
  CLONE_NEWUTS: '--uts',
};

function clone({ facts, record }: PlanInput): StepDraft {
  const v2 = facts.cgroup.mode === 'v2';
  const namespaces = newNamespaces(record.hostConfig);
  const words = Object.entries(UNSHARE).flatMap(([flag, word]) =>
    namespaces.includes(flag) ? [word] : [],
  );
  const born = v2 ? ['CLONE_INTO_CGROUP'] : [];
  return shim(
    'clone3',
    {
      flags: [...namespaces, ...born, 'CLONE_PIDFD', 'CLONE_VFORK'],
      cgroup: v2 ? slot('cgroup') : null,
      pidfd: slot('pidfd'),
    },
    'the moment the container begins: a child that sees its own mounts, processes and names',
    `unshare ${words.join(' ')} --fork`,
    { see: 'clone(2)' },
  );
}

/**
 * On v1 the child moves itself, by `tasks` and not by `cgroup.procs`: moving one's own single thread
 * needs no lock over all the host's threads, whose RCU grace period takes 15–20 ms.
 */
export function joinV1Groups({ facts, record }: Pick<PlanInput, 'facts' | 'record'>): StepDraft[] {
  if (facts.cgroup.mode === 'v2') return [];
  return facts.cgroup.hierarchies.map(({ name, path }) => {
    const tasks = `${path}/${cgroupParent(record.hostConfig)}/${record.id}/tasks`;
    return init(
      'write',
      { path: tasks, data: '0' },
      `from here on ${name} is counted and limited ("0" means: who writes)`,
      `echo 0 > ${tasks}`,
      { see: 'cgroups(7)' },
    );
  });
}

/** The shim's next child is born in it; until that runs its program nobody in there may look into it. */
function joinProcesses(): StepDraft[] {
  return [
    shim(
      'prctl',
      { option: ['PR_SET_DUMPABLE'], arg2: 0 },
      'processes of the other container cannot take hold of the new one while it still has rights',
      '# PR_SET_DUMPABLE 0',
    ),
    shim(
      'setns',
      { fd: slot('pidns'), nstype: ['CLONE_NEWPID'] },
      'the child is born among the processes of the other container',
      'nsenter --pid="$OTHER/pid"',
      { see: 'pid_namespaces(7)' },
    ),
  ];
}

function joinIpc(): StepDraft {
  return init(
    'setns',
    { fd: slot('ipcns'), nstype: ['CLONE_NEWIPC'] },
    'enter the ipc namespace of the other container',
    'nsenter --ipc="$OTHER/ipc"',
    { see: 'ipc_namespaces(7)' },
  );
}

function joinNetwork(): StepDraft {
  return init(
    'setns',
    { fd: slot('netns'), nstype: ['CLONE_NEWNET'] },
    'enter the network namespace the supervisor prepared: one interface, one address',
    'nsenter --net="$NETNS"',
  );
}

function hideGroups(): StepDraft {
  return init(
    'unshare',
    { flags: ['CLONE_NEWCGROUP'] },
    'its own groups become the root of what it sees: names of other containers stay hidden',
    'unshare --cgroup',
    { see: 'cgroup_namespaces(7)' },
  );
}

function hostnames(hostname: string, domainname: string): StepDraft[] {
  const steps = [
    init(
      'sethostname',
      { name: hostname },
      'its name, seen only inside',
      `hostname ${quote(hostname)}`,
    ),
  ];
  if (domainname)
    steps.push(
      init(
        'setdomainname',
        { name: domainname },
        'and its NIS domain, likewise',
        `domainname ${quote(domainname)}`,
      ),
    );
  return steps;
}
