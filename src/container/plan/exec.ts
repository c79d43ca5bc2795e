/**
 * From an exec's configuration to the ordered list of steps that makes it; pure, like plan.ts. The first child joins
 * everything and gives up every right while no container can see it; the second one, born in the container's pid
 * namespace, has nothing left to take (docs/decisions/0008-exec-two-births.md). nsenter(1), setns(2).
 */
import { numberSteps, type Slot, type Step, type StepDraft, slot } from '../../step/step.ts';
import { mergeEnvironment } from '../environment.ts';
import type { ExecConfig } from '../exec/exec.ts';
import type { ContainerRecord } from '../record.ts';
import { groupOf, openGroup } from './cgroup.ts';
import { by } from './draft.ts';
import type { HostFacts } from './facts.ts';
import {
  becomeUser,
  capabilitiesOf,
  enterWorkingDirectory,
  giveStdio,
  limits,
  noNewPrivileges,
} from './identity.ts';
import type { Identity } from './input.ts';
import { joinV1Groups, oomScore, ownSession } from './namespaces.ts';
import { spawnShim } from './plan.ts';
import { becomeProgram, connect, controllingTerminal, dieWithShim } from './program.ts';
import { openTerminal, pipeSteps } from './stdio.ts';

export interface ExecPlanInput {
  /** The container's. */
  record: ContainerRecord;
  exec: ExecConfig;
  /** Folder of the exec's own shim. */
  runDir: string;
  facts: HostFacts;
  identity: Identity;
  /** The filter of system calls in base64; undefined: none. */
  seccomp: string | undefined;
  /** The container's first process; `pid` in the host's pid namespace. */
  init: { pid: number; startTicks: number };
}

export function planExec(input: ExecPlanInput): Step[] {
  const { facts, identity } = input;
  const record = programOf(input);
  const { Tty, OpenStdin, WorkingDir } = record.config;
  const { OomScoreAdj, Ulimits } = record.hostConfig;
  return numberSteps([
    ...holdContainer(input),
    spawnShim(input.runDir, inherited(input)),
    ...(Tty ? containerTerminal() : pipeSteps(OpenStdin)),
    firstBirth(input),
    ...joinV1Groups({ facts, record }),
    oomScore(OomScoreAdj),
    joinNamespaces(),
    umask(),
    ...limits(Ulimits ?? []),
    ...giveStdio(identity.uid, record.config),
    ...becomeUser(identity, execCapabilities(input), input.seccomp),
    ...noNewPrivileges(record.hostConfig),
    ...enterWorkingDirectory(WorkingDir || '/'),
    ...(Tty ? connectTerminal() : connect(false)),
    closeRest(),
    secondBirth(),
    dieWithShim(),
    ownSession(),
    ...(Tty ? [controllingTerminal('stdin')] : []),
    becomeProgram(record, identity),
  ]);
}

/** The container's record as if the exec's program were its own: what is not said anew is the container's. */
function programOf({ record, exec }: ExecPlanInput): ContainerRecord {
  const [path = '', ...args] = exec.Cmd;
  const config = {
    ...record.config,
    Tty: exec.Tty,
    OpenStdin: exec.AttachStdin,
    Env: mergeEnvironment(record.config.Env, exec.Env),
    WorkingDir: exec.WorkingDir || record.config.WorkingDir,
  };
  return { ...record, config, path, args };
}

/** What its programs may keep. */
export function execCapabilities({
  record,
  exec,
  facts,
}: Pick<ExecPlanInput, 'record' | 'exec' | 'facts'>): string[] {
  const all = facts.capabilities;
  return exec.Privileged ? [...all] : capabilitiesOf(record.hostConfig, all);
}

const supervisor = by('supervisor', 'namespaces');

function holdContainer({ record, exec, facts, init }: ExecPlanInput): StepDraft[] {
  const close = (name: string) => ({ undo: { call: 'close', args: { fd: slot(name) } } });
  const root = supervisor(
    'open',
    {
      path: `/proc/${init.pid}/root`,
      flags: ['O_PATH', 'O_DIRECTORY', 'O_CLOEXEC'],
      mode: 0,
      out: slot('root'),
    },
    'the container’s root, to open a terminal under it; the pidfd proves later that it was the right one',
    `exec {root}< /proc/${init.pid}/root`,
    close('root'),
  );
  return [
    supervisor(
      'pidfd_open',
      { pid: init.pid, start_ticks: init.startTicks, out: slot('pidfd.container') },
      'hold the container by its first process: refused when that has ended, also when its number is another’s now',
      `exec {pidfd}< /proc/${init.pid}/ns`,
      close('pidfd.container'),
    ),
    ...(exec.Tty ? [root] : []),
    ...(facts.cgroup.mode === 'v2' ? [openGroup(groupOf({ facts, record }, 'pids'))] : []),
  ];
}

function inherited({ exec, facts }: ExecPlanInput): Slot[] {
  return [
    slot('pidfd.container'),
    ...(exec.Tty ? [slot('root')] : []),
    ...(facts.cgroup.mode === 'v2' ? [slot('cgroup')] : []),
  ];
}

function containerTerminal(): StepDraft[] {
  const resolve = ['RESOLVE_IN_ROOT', 'RESOLVE_NO_SYMLINKS', 'RESOLVE_NO_MAGICLINKS'];
  return openTerminal({ dir: slot('root'), path: 'dev/pts/ptmx', resolve }, '$ROOT/dev/pts');
}

function firstBirth({ facts, init: { pid } }: ExecPlanInput): StepDraft {
  const v2 = facts.cgroup.mode === 'v2';
  return by('shim', 'namespaces')(
    'clone3',
    {
      flags: [...(v2 ? ['CLONE_INTO_CGROUP'] : []), 'CLONE_VFORK'],
      cgroup: v2 ? slot('cgroup') : null,
      pidfd: null,
    },
    'a child to go into the container; until it has given up all rights nobody inside can see it',
    `nsenter --target ${pid} --all`,
    { see: 'clone(2)' },
  );
}

const init = by('init', 'namespaces');

function joinNamespaces(): StepDraft {
  const kinds = ['NS', 'UTS', 'IPC', 'NET', 'CGROUP', 'PID'].map((kind) => `CLONE_NEW${kind}`);
  return init(
    'setns',
    { fd: slot('pidfd.container'), nstype: kinds },
    'into all namespaces of the container at once: all of them or none, and no other container’s',
    '# done by nsenter',
  );
}

function umask(): StepDraft {
  return init('umask', { mask: 0o022 }, 'the usual mask for the program', 'umask 022');
}

/** Descriptor 0 is kept as a slot: the second child makes it the terminal of its session. */
function connectTerminal(): StepDraft[] {
  const [first, ...others] = connect(true);
  if (!first) return others;
  return [
    { ...first, call: 'dup3', args: { ...first.args, flags: 0, out: slot('stdin') } },
    ...others,
  ];
}

function closeRest(): StepDraft {
  return by('init', 'program')(
    'close_range',
    { first: 3, last: 0xffffffff, flags: [] },
    'nothing of the host stays open: what comes next can be seen, and got at, from inside',
    '# all other descriptors close',
  );
}

function secondBirth(): StepDraft {
  return by('init', 'program')(
    'clone',
    { flags: ['CLONE_PARENT', 'CLONE_VFORK'] },
    'born again, now in the container’s pid namespace, with nothing left to give up; the first child ends',
    '# done by nsenter',
    { see: 'clone(2)' },
  );
}
