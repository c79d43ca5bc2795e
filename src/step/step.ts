/**
 * A container is a list of steps, and the list is data. This file is the vocabulary: what a step is,
 * how it names descriptors that earlier steps produced, and what executing it yields.
 *
 * Contract
 * - The list that is shown is the list that is executed: nothing that shapes a container happens
 *   outside it.
 * - A step is one call with plain arguments (strings, numbers, names of flags); it can be printed,
 *   stored as JSON and compared.
 * - Supervisor steps come first, then the shim's, then init's.
 */

/** Who performs a step: the supervisor by FFI, the shim, or the container's first process. */
export type Actor = 'supervisor' | 'shim' | 'init';

/** A part of building a container, in order; `explain` groups by it. */
export type Phase =
  | 'cgroup'
  | 'network'
  | 'stdio'
  | 'namespaces'
  | 'rootfs'
  | 'mounts'
  | 'devices'
  | 'protect'
  | 'identity'
  | 'program';

/** A descriptor an earlier step put in a named slot, e.g. `{ slot: 'netns' }`. */
export interface Slot {
  readonly slot: string;
}

/** Flags by the kernel's names (`['MS_NOSUID', 'MS_NODEV']`), or a plain number. */
export type Flags = readonly string[] | number;

/** One argument. A list of names is flags or a list of strings, as the call's definition says. */
export type Arg =
  | string
  | number
  | boolean
  | null
  | Slot
  | Uint8Array
  | readonly string[]
  | readonly number[]
  | readonly { readonly [key: string]: Arg }[]
  | { readonly [key: string]: Arg };

export type Args = Readonly<Record<string, Arg>>;

/** A call with its arguments: what a step does, and what takes it back. */
export interface Call {
  /** The kernel's own name: a system call, an rtnetlink message (`RTM_NEWLINK`), `nft`. */
  readonly call: string;
  readonly args: Args;
}

export interface Step extends Call {
  /** Position in the whole list, from 1. */
  readonly n: number;
  readonly actor: Actor;
  readonly phase: Phase;
  /** One sentence for a learner: why this step exists. */
  readonly why: string;
  /** A man page such as `pivot_root(2)`. */
  readonly see: string;
  /** What takes the step back when a later one fails. */
  readonly undo?: Call;
  /** Errno name that counts as success, such as `EEXIST` for `mkdir`. */
  readonly accept?: string;
  /** The same step as a shell command. */
  readonly sh: string;
}

/** A step before it has its number. */
export type StepDraft = Omit<Step, 'n'>;

/** What executing a step yielded. */
export interface Result {
  readonly n: number;
  /** The call's return value; -1 when it failed. */
  readonly ret: number;
  /** Errno number, 0 on success. */
  readonly errno: number;
  /** CLOCK_MONOTONIC, nanoseconds. */
  readonly startNs: number;
  readonly durationNs: number;
}

/** Numbers the drafts in order: the list is complete. */
export function numberSteps(drafts: readonly StepDraft[]): Step[] {
  return drafts.map((draft, i) => ({ n: i + 1, ...draft }));
}

export function slot(name: string): Slot {
  return { slot: name };
}

export function isSlot(arg: Arg | undefined): arg is Slot {
  return typeof arg === 'object' && arg !== null && 'slot' in arg;
}
