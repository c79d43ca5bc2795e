/**
 * The system calls a step must make, derived from the step as it is shown and from nothing else: not from the bytes
 * that went to the shim. Independent of src/step/encode.ts and native/, so that a mistake there is seen.
 */
import { readFileSync } from 'node:fs';
import { constants } from '../../src/kernel/generated/constants.ts';
import { ops } from '../../src/step/generated/ops.ts';
import { type Arg, isSlot, type Step } from '../../src/step/step.ts';
import type { TracedCall, Value } from './probe-trace.ts';

export interface Expected {
  name: string;
  /** Those that strace prints; `ANY` where the value is a pointer. */
  args: Value[];
}

export const ANY = '(any)';
/** Descriptors by slot name, as the trace shows them. */
export type Descriptors = Map<string, number>;

const CLOEXEC = constants.O_CLOEXEC;
const WRITE = constants.O_WRONLY | CLOEXEC;
const AT_FDCWD = constants.AT_FDCWD;

export function expectedCalls(
  step: Step,
  fds: Descriptors,
  traced: readonly TracedCall[],
): Expected[] {
  const arg = argumentsOf(step, fds);
  const call = (name: string, ...args: Value[]): Expected[] => [{ name, args }];
  switch (step.call) {
    case 'open': {
      const flags = num(arg('flags')) | CLOEXEC;
      const mode = flags & constants.O_CREAT ? [arg('mode')] : [];
      return call('openat', AT_FDCWD, arg('path'), flags, ...mode);
    }
    case 'openat2': {
      const flags = num(arg('flags')) | CLOEXEC;
      const mode = flags & constants.O_CREAT ? { mode: arg('mode') } : {};
      const how = { flags, ...mode, resolve: arg('resolve') };
      return call('openat2', arg('dir'), arg('path'), how, 24);
    }
    case 'write': {
      const fd = traced[0]?.ret ?? -1;
      return [
        ...call('openat', AT_FDCWD, arg('path'), WRITE),
        ...call('write', fd, arg('data'), Buffer.byteLength(String(arg('data')))),
        ...call('close', fd),
      ];
    }
    case 'clone3': {
      const into = step.args.cgroup ? { cgroup: arg('cgroup') } : {};
      return call(
        'clone3',
        {
          flags: arg('flags'),
          pidfd: ANY,
          exit_signal: constants.SIGCHLD,
          stack: null,
          stack_size: 0,
          ...into,
        },
        88,
      );
    }
    case 'mknod': {
      const device = num(arg('major')) * 256 + num(arg('minor'));
      return call('mknod', arg('path'), num(arg('flags')) | num(arg('mode')), device);
    }
    case 'pipe2':
      return call('pipe2', ANY, num(arg('flags')) | CLOEXEC);
    case 'ioctl': {
      const request = num(arg('request'));
      const value = request === constants.TIOCGPTPEER ? num(arg('arg')) | CLOEXEC : arg('arg');
      return call('ioctl', arg('fd'), request, request === constants.TIOCSPTLCK ? [value] : value);
    }
    case 'fsopen':
      return call('fsopen', arg('fstype'), num(arg('flags')) | 1);
    case 'fsmount':
      return call('fsmount', arg('fs'), num(arg('flags')) | 1, arg('attr_flags'));
    case 'open_tree':
      return call('open_tree', arg('dir'), arg('path'), num(arg('flags')) | CLOEXEC);
    case 'mount_setattr': {
      const attr = {
        attr_set: arg('attr_set'),
        attr_clr: arg('attr_clr'),
        propagation: arg('propagation'),
        userns_fd: 0,
      };
      return call('mount_setattr', arg('dir'), arg('path'), arg('flags'), attr, 32);
    }
    case 'sethostname':
    case 'setdomainname':
      return call(step.call, arg('name'), Buffer.byteLength(String(arg('name'))));
    case 'setgroups':
      return call('setgroups', (arg('groups') as Value[]).length, arg('groups'));
    case 'capset': {
      const sets = {
        effective: arg('effective'),
        permitted: arg('permitted'),
        inheritable: arg('inheritable'),
      };
      return call('capset', { version: 0x20080522, pid: 0 }, sets);
    }
    case 'capbset':
      return boundingCalls(BigInt(num(arg('keep'))));
    case 'prlimit64':
      return call(
        'prlimit64',
        0,
        arg('resource'),
        { rlim_cur: arg('soft'), rlim_max: arg('hard') },
        null,
      );
    case 'seccomp':
      return call('seccomp', 1, arg('flags'), ANY);
    case 'getcwd':
      return call('getcwd', ANY, 4096);
    case 'execve':
      return searched(step, traced);
    default: {
      const names = ops[step.call as keyof typeof ops].args.map(({ name }) => name);
      return call(step.call, ...names.map(arg));
    }
  }
}

/** One PR_CAPBSET_READ for each number until the kernel knows no more, a DROP after it for what is not kept. */
function boundingCalls(keep: bigint): Expected[] {
  const last = Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8'));
  const prctl = (option: number, capability: number) => ({
    name: 'prctl',
    args: [option, capability],
  });
  const known = Array.from({ length: last + 1 }, (_, capability) => [
    prctl(23 /* PR_CAPBSET_READ */, capability),
    ...((keep >> BigInt(capability)) & 1n ? [] : [prctl(constants.PR_CAPBSET_DROP, capability)]),
  ]);
  return [...known.flat(), prctl(23, last + 1)];
}

/** Every folder of PATH in turn until one has the program. */
function searched({ args }: Step, traced: readonly TracedCall[]): Expected[] {
  const file = String(args.file);
  const tried = traced.findIndex(({ ret }) => ret === 0) + 1;
  const candidates = file.includes('/')
    ? [file]
    : (args.path as string[]).slice(0, tried).map((dir) => `${dir}/${file}`);
  return candidates.map((path) => ({
    name: 'execve',
    args: [path, args.argv as Value, args.envp as Value],
  }));
}

/** Values of a step's arguments by name: slots as descriptors, names of flags as numbers, what is absent as 0 or null. */
function argumentsOf({ call, args }: Step, fds: Descriptors): (name: string) => Value {
  const { args: known } = ops[call as keyof typeof ops] as {
    args: readonly { name: string; type: string }[];
  };
  const types = new Map(known.map(({ name, type }) => [name, type]));
  return (name) => {
    const arg = args[name];
    const type = types.get(name);
    if (type === 'fd') return descriptor(arg, fds);
    if (arg === undefined || arg === null) return type?.startsWith('str') ? null : 0;
    if (type === 'flags') return Array.isArray(arg) ? orOf(arg as string[]) : num(arg as Value);
    return arg as Value;
  };
}

function descriptor(arg: Arg | undefined, fds: Descriptors): number {
  if (arg === 'AT_FDCWD') return AT_FDCWD;
  if (isSlot(arg)) return fds.get(arg.slot) ?? Number.NaN;
  return -1;
}

/** Capabilities are bits of a mask by their number; all else is or-ed as it is. */
function orOf(names: readonly string[]): number {
  const value = (name: string) =>
    BigInt((constants as Readonly<Record<string, number>>)[name] ?? Number.NaN);
  const bits = names.map((name) => (name.startsWith('CAP_') ? 1n << value(name) : value(name)));
  return Number(bits.reduce((all, bit) => all | bit, 0n));
}

function num(value: Value): number {
  return Number(value);
}
