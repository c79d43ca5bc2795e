import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { constants } from '../../src/kernel/generated/constants.ts';
import { encodePlan, fixedSlots, type ShimPlan } from '../../src/step/encode.ts';
import { flagNumber } from '../../src/step/flags.ts';
import { ops } from '../../src/step/generated/ops.ts';
import { type Args, numberSteps, type StepDraft, slot } from '../../src/step/step.ts';
import { decodePlan } from '../support/wire-decoder.ts';

const plan: ShimPlan = {
  id: 'abc',
  logPath: '/log',
  logMaxBytes: 20_000_000,
  logMaxFiles: 3,
  clients: 2,
  terminal: false,
  stdinOpen: true,
  stdinOnce: false,
  rows: 24,
  columns: 80,
};

function draft(actor: StepDraft['actor'], call: string, args: Args = {}, accept?: string) {
  return {
    actor,
    phase: 'program' as const,
    call,
    args,
    why: '',
    see: '',
    sh: '',
    ...(accept ? { accept } : {}),
  };
}
const clone3 = draft('shim', 'clone3', { flags: ['CLONE_NEWPID', 'CLONE_NEWNS'] });
const execve = draft('init', 'execve', { file: 'sh', argv: ['sh'], envp: [], path: ['/bin'] });

function encode(
  shim: StepDraft[],
  init: StepDraft[] = [],
  inherited: Iterable<[string, number]> = [],
) {
  const steps = numberSteps([...shim, clone3, ...init, execve]);
  return decodePlan(encodePlan(plan, steps, new Map(inherited)));
}

describe('encodePlan', () => {
  it('begins with the plan record and numbers records as the whole list does', () => {
    const decoded = encode([
      draft('supervisor', 'RTM_NEWLINK', { anything: 1 }),
      draft('shim', 'setsid'),
    ]);
    expect(decoded.records.map(({ op, n, actor }) => [op, n, actor])).toEqual([
      ['plan', 0, 1],
      ['setsid', 2, 1],
      ['clone3', 3, 1],
      ['execve', 4, 2],
    ]);
    expect(decoded.records[0]?.args).toEqual({
      id: 'abc',
      log_path: '/log',
      log_max_bytes: 20_000_000,
      log_max_files: 3,
      clients: 2,
      terminal: 0,
      stdin_open: 1,
      stdin_once: 0,
      rows: 24,
      columns: 80,
    });
  });

  it('gives the five fixed names their numbers and others the next free ones', () => {
    const decoded = encode(
      [draft('shim', 'pipe2', { read: slot('stdout_read'), write: slot('stdout_write') })],
      [draft('init', 'dup2', { fd: slot('stdout_write'), to: 1 })],
      [['netns', 9]],
    );
    expect(decoded.inherited).toEqual([[5, 9]]);
    expect(decoded.slots).toBe(7);
    expect(decoded.records[1]?.args).toEqual({ read: fixedSlots.stdout_read, write: 6, flags: 0 });
    expect(decoded.records[3]?.args).toEqual({ fd: 6, to: 1 });
  });

  it('resolves flags, capabilities (to their bits), errnos and AT_FDCWD', () => {
    const { records } = encode(
      [],
      [
        draft('init', 'mkdirat', { dir: 'AT_FDCWD', path: '/x', mode: 0o755 }, 'EEXIST'),
        draft('init', 'mount', { source: null, target: '/', flags: ['MS_REC', 'MS_PRIVATE'] }),
        draft('init', 'capbset', { keep: ['CAP_CHOWN', 'CAP_SYSLOG'] }),
        draft('init', 'umount2', {
          target: '.',
          flags: ['MNT_DETACH'],
        }),
      ],
    );
    expect(records[2]).toMatchObject({ accept: 17, args: { dir: -100 } });
    expect(records[3]?.args).toMatchObject({ source: null, fstype: null, data: null });
    expect(records[3]?.args.flags).toBe(constants.MS_REC | constants.MS_PRIVATE);
    expect(records[4]?.args.keep).toBe(1 + 2 ** constants.CAP_SYSLOG);
  });

  it('lets a slot be filled again only after it was closed', () => {
    const open = draft('shim', 'open', { path: '/', out: slot('root') });
    expect(() => encode([open, open])).toThrow(/slot root holds a descriptor already/);
    expect(() => encode([open, draft('shim', 'close', { fd: slot('root') }), open])).not.toThrow();
  });

  it.each<[string, StepDraft[], RegExp]>([
    ['an unknown call', [draft('init', 'reboot')], /step 2 \(reboot\): no such operation/],
    ['the pseudo-operation', [draft('init', 'plan')], /no such operation/],
    ['a name of Object.prototype', [draft('init', 'constructor')], /no such operation/],
    ['an unknown argument', [draft('init', 'setsid', { x: 1 })], /no argument x/],
    ['a missing argument', [draft('init', 'chdir')], /path must be a string/],
    ['a missing list', [draft('init', 'setgroups')], /groups must be a list/],
    ['NUL in a string', [draft('init', 'chdir', { path: '/a\0b' })], /path must not contain NUL/],
    ['an unknown flag', [draft('init', 'unshare', { flags: ['CLONE_X'] })], /constant CLONE_X/],
    ['a fraction', [draft('init', 'umask', { mask: 0.5 })], /mask must be a whole number/],
    ['an empty slot', [draft('init', 'fchdir', { fd: slot('no') })], /slot no holds no descriptor/],
    ['an unknown errno', [draft('init', 'setsid', {}, 'EWHAT')], /unknown errno EWHAT/],
    ['a second execve', [execve], /execve is init's last step/],
    ['a shim step after clone3', [draft('shim', 'setsid')], /clone3 is the shim's last step/],
  ])('refuses %s', (_, init, message) => {
    expect(() => encode([], init)).toThrow(TypeError);
    expect(() => encode([], init)).toThrow(message);
  });

  it('refuses a list without shim or init', () => {
    expect(() => encodePlan(plan, [], new Map())).toThrow(/needs steps of shim and of init/);
    expect(() => encodePlan(plan, numberSteps([clone3]), new Map())).toThrow(TypeError);
  });

  it('decodes back to what was encoded, for any valid steps', () => {
    fc.assert(
      fc.property(fc.array(anyStep(), { maxLength: 30 }), (init) => {
        const { records } = encode([], init, [['given', 7]]);
        const decoded = records.slice(2, -1).map(({ op, args }) => ({ call: op, args }));
        expect(decoded).toEqual(
          init.map(({ call, args }) => ({ call, args: expected(call, args) })),
        );
      }),
    );
  });
});

type OpArg = { readonly name: string; readonly type: string };

/** Any operation that can stand anywhere, with any arguments it takes; `given` is an inherited slot. */
function anyStep(): fc.Arbitrary<StepDraft> {
  const names = Object.keys(ops).filter(
    (name) => !['plan', 'clone', 'clone3', 'execve', 'close'].includes(name),
  ) as (keyof typeof ops)[];
  return fc.constantFrom(...names).chain((call) => {
    const entries = (ops[call].args as readonly OpArg[]).map(({ name, type }) => [
      name,
      anyArg(type),
    ]);
    return fc.record(Object.fromEntries(entries)).map((args) => draft('init', call, args as Args));
  });
}

function anyArg(type: string): fc.Arbitrary<unknown> {
  const text = fc.string({ unit: 'binary' }).map((s) => s.replaceAll('\0', ''));
  const kinds: Record<string, fc.Arbitrary<unknown>> = {
    str: text,
    'str?': fc.option(text),
    int: fc.maxSafeInteger(),
    flags: fc.oneof(fc.nat(), fc.subarray(['MS_BIND', 'O_PATH', 'CLONE_NEWNS'])),
    strs: fc.array(text),
    ints: fc.array(fc.integer()),
    bytes: fc.uint8Array(),
    fd: fc.constantFrom(null, 'AT_FDCWD', slot('given')),
    out: fc.constant(null),
  };
  return kinds[type] as fc.Arbitrary<unknown>;
}

/** What a step's arguments are on the wire, by the rules of docs/shim.md. */
function expected(call: string, args: Args): Record<string, unknown> {
  const definition: readonly OpArg[] = ops[call as keyof typeof ops].args;
  return Object.fromEntries(
    definition.map(({ name, type }) => {
      const arg = args[name];
      if (type === 'fd') return [name, arg === null ? -1 : arg === 'AT_FDCWD' ? -100 : 5];
      if (type === 'out') return [name, -1];
      if (type === 'flags') return [name, flagNumber(arg as number | string[])];
      return [name, arg instanceof Uint8Array ? [...arg] : arg];
    }),
  );
}
