/**
 * The phases of building a container, in order, and in a sentence each what was done in them. The
 * sentences take what they can from the steps themselves: they tell of this container.
 */
import type { Arg, Phase, Step } from '../step/step.ts';
import { formatCall } from './call.ts';
import { escapeControls } from './text.ts';

interface PhaseText {
  /** What the phase is for, as a heading's second line. */
  purpose: string;
  /** What was done, from its steps (at least one). */
  account: (steps: readonly Step[]) => string;
}

export const phases: Readonly<Record<Phase, PhaseText>> = {
  cgroup: {
    purpose:
      'control groups: what the container uses is counted, limited, and can be frozen or killed',
    account: () => 'control groups of its own: limits, and the devices it may open',
  },
  network: {
    purpose: "a network stack with one virtual cable to the engine's bridge",
    account: networkAccount,
  },
  stdio: {
    purpose: 'what the program will read from and write to, held by the shim',
    account: (steps) =>
      steps.some(isTerminal)
        ? 'the shim, its parent to be, and a terminal between the two'
        : 'the shim, its parent to be, and pipes between the two',
  },
  namespaces: {
    purpose: 'the container begins: a process with its own view of the machine',
    account: namespacesAccount,
  },
  rootfs: {
    purpose:
      "the image's layers and a writable one become /, and the host's files are out of reach",
    account: rootfsAccount,
  },
  mounts: {
    purpose: 'the filesystems every program expects, made new for this container',
    account: (steps) => `${mountedAt(steps).join(', ')} mounted new`,
  },
  devices: {
    purpose: 'the few devices that are harmless',
    account: (steps) =>
      `in /dev ${count(steps, 'mknod')} harmless devices and ${count(steps, 'symlink')} links, no other`,
  },
  protect: {
    purpose: 'what /proc and /sys would tell of the host is hidden, or may only be read',
    account: () => '/proc and /sys: what tells of the host hidden, the rest read-only',
  },
  identity: {
    purpose: 'user, groups, capabilities and limits of the program',
    account: identityAccount,
  },
  program: {
    purpose: "nothing of the engine is left in the process: it becomes the user's program",
    account: programAccount,
  },
};

/** What a list of steps makes. */
export type Explained = 'container' | 'exec';

/** Phases that mean something else when a program goes into a container that runs. */
const purposesOfExec: Partial<Record<Phase, string>> = {
  cgroup: "the container's control group: its limits hold for this program too",
  namespaces:
    'a process goes into the container, and nobody inside sees it before it has given up its rights',
};

/** What a phase is for, as a heading's second line. */
export function purposeOf(phase: Phase, of: Explained = 'container'): string {
  return (of === 'exec' ? purposesOfExec[phase] : undefined) ?? phases[phase].purpose;
}

export const phaseOrder = Object.keys(phases) as Phase[];

/** What a phase without a step means. */
export function absentAccount(phase: Phase): string {
  return phase === 'network' ? 'nothing to do: none, or the network of the host' : 'nothing to do';
}

function count(steps: readonly Step[], call: string): number {
  return steps.filter((step) => step.call === call).length;
}

/** The first argument of that name among the steps of one kind of call. */
function argument(steps: readonly Step[], call: string, name: string): Arg | undefined {
  return steps.find((step) => step.call === call && step.args[name] !== undefined)?.args[name];
}

function names(arg: Arg | undefined): readonly string[] {
  return Array.isArray(arg) ? arg.map(String) : [];
}

function isTerminal(step: Step): boolean {
  return step.call === 'fsopen' && step.args.fstype === 'devpts';
}

function networkAccount(steps: readonly Step[]): string {
  const address = steps
    .filter((step) => step.call === 'RTM_NEWADDR')
    .map((step) => step.args.address ?? step.args.local)
    .findLast((arg) => typeof arg === 'string');
  const cable = steps.some((step) => formatCall(step).includes('veth'));
  const words = [
    'own network stack',
    ...(cable ? ['a veth to the bridge'] : []),
    ...(typeof address === 'string' ? [`address ${escapeControls(address)}`] : []),
    ...publishedAccount(steps),
  ];
  return words.join(', ');
}

/** Each port once, at however many addresses it is published. */
function publishedAccount(steps: readonly Step[]): string[] {
  const entries = steps
    .filter(({ call }) => call === 'nft')
    .flatMap(({ args }) => Object.entries(args.elements ?? {}))
    .filter(([map]) => map.includes('_ports'))
    .flatMap(([, ports]) => Object.entries(ports as Record<string, string>));
  const ports = new Set(
    entries.map(([key, inside]) => `${key.split(' . ').at(-1)} → ${escapeControls(inside)}`),
  );
  if (ports.size > 3) return [`${ports.size} ports published`];
  return ports.size > 0 ? [`published ${[...ports].join(', ')}`] : [];
}

function namespacesAccount(steps: readonly Step[]): string {
  const flags = steps.flatMap((step) =>
    ['clone3', 'unshare', 'setns'].includes(step.call)
      ? [...names(step.args.flags), ...names(step.args.nstype)]
      : [],
  );
  const kinds = flags.filter((flag) => flag.startsWith('CLONE_NEW')).map(kindOf);
  return `a process in new namespaces: ${kinds.join(', ')}`;
}

function kindOf(flag: string): string {
  const kind = flag.slice('CLONE_NEW'.length).toLowerCase();
  return kind === 'ns' ? 'mnt' : kind;
}

function rootfsAccount(steps: readonly Step[]): string {
  const layers = steps.filter(
    (step) => step.call === 'fsconfig' && step.args.key === 'lowerdir+',
  ).length;
  const what = layers > 0 ? `overlay of ${layers} layers and a writable one` : 'overlay';
  return `${what}; pivot_root makes it /`;
}

/** Where filesystems were mounted, also by the pair fchdir, mount on ".". */
function mountedAt(steps: readonly Step[]): string[] {
  let folder = '';
  const places = steps.flatMap((step) => {
    if (step.call === 'openat2') folder = String(step.args.path);
    if (step.call !== 'mount' || typeof step.args.fstype !== 'string') return [];
    return [step.args.target === '.' ? folder : String(step.args.target)];
  });
  return [...new Set(places.filter((place) => place.split('/').length === 2))].map(escapeControls);
}

function identityAccount(steps: readonly Step[]): string {
  const uid = argument(steps, 'setresuid', 'ruid');
  const kept = names(argument(steps, 'capset', 'effective')).length;
  return `user ${uid ?? 0} with ${kept} capabilities, the others gone for good`;
}

function programAccount(steps: readonly Step[]): string {
  const program = argument(steps, 'execve', 'file');
  return `execve: the process becomes ${typeof program === 'string' ? escapeControls(program) : 'the program'}`;
}
