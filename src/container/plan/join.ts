/**
 * `--network`, `--pid` and `--ipc container:X`: namespaces of a container that runs. The supervisor takes hold of the
 * process they are of, and checks that it still is the same: its number alone could be another's by now. setns(2)
 * takes that descriptor for any of its namespaces.
 */
import { type StepDraft, slot } from '../../step/step.ts';
import type { ProcessIdentity } from '../state.ts';
import { by } from './draft.ts';

/** By namespace, the first process of the container it is taken from. */
export interface Joined {
  net?: ProcessIdentity;
  pid?: ProcessIdentity;
  ipc?: ProcessIdentity;
}

const WHY = {
  net: 'whose network it shares: interfaces, addresses and ports',
  pid: 'among whose processes it lives: each sees the other’s',
  ipc: 'whose message queues, semaphores and shared memory it uses',
} as const;

const SLOTS = { net: 'netns', pid: 'pidns', ipc: 'ipcns' } as const;
type Type = keyof typeof SLOTS;

export function joinSteps(joined: Joined): StepDraft[] {
  return types(joined).map((type) => hold(type, joined[type] as ProcessIdentity));
}

/** What the shim inherits for it; the network's slot is inherited in any case. */
export function joinedSlots(joined: Joined): string[] {
  return types(joined)
    .filter((type) => type !== 'net')
    .map((type) => SLOTS[type]);
}

function types(joined: Joined): Type[] {
  return (Object.keys(SLOTS) as Type[]).filter((type) => joined[type]);
}

function hold(type: Type, { pid, startTicks }: ProcessIdentity): StepDraft {
  const out = slot(SLOTS[type]);
  return by('supervisor', type === 'net' ? 'network' : 'namespaces')(
    'pidfd_open',
    { pid, start_ticks: startTicks, out },
    `the process of another container ${WHY[type]}`,
    type === 'net' ? `NETNS=/proc/${pid}/ns/net` : `OTHER=/proc/${pid}/ns`,
    { undo: { call: 'close', args: { fd: out } } },
  );
}
