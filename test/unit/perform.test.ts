import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KernelError } from '../../src/errors/errors.ts';
import { type Handlers, perform, StepFailure } from '../../src/step/perform.ts';
import { numberSteps, type StepDraft, slot } from '../../src/step/step.ts';

const draft = (call: string, more: Partial<StepDraft> = {}): StepDraft => ({
  actor: 'supervisor',
  phase: 'cgroup',
  call,
  args: {},
  why: 'a test',
  see: 'test(1)',
  sh: 'true',
  ...more,
});

/** Handlers that record what was called. */
function recording(failing?: string) {
  const calls: string[] = [];
  const handler = (name: string) => () => {
    if (name === failing) throw new KernelError(name, 17, 'EEXIST', ['x']);
    calls.push(name);
    return 7;
  };
  const handlers: Handlers = new Proxy({}, { get: (_, name) => handler(String(name)) });
  return { calls, handlers };
}

const run = (steps: StepDraft[], handlers: Handlers) =>
  perform(numberSteps(steps), { handlers, slots: new Map(), onResult: () => undefined });

test('whichever step fails, exactly those before it are undone, last first', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.nat(), (count, pick) => {
      const failing = pick % count;
      const steps = Array.from({ length: count }, (_, i) =>
        draft(`do${i}`, { undo: { call: `undo${i}`, args: {} } }),
      );
      const { calls, handlers } = recording(`do${failing}`);
      expect(() => run(steps, handlers)).toThrow(StepFailure);
      const before = Array.from({ length: failing }, (_, i) => i);
      expect(calls).toEqual([
        ...before.map((i) => `do${i}`),
        ...before.toReversed().map((i) => `undo${i}`),
      ]);
    }),
  );
});

test('an undo that fails does not keep the others from being done', () => {
  const steps = [
    draft('a', { undo: { call: 'undo-a', args: {} } }),
    draft('b', { undo: { call: 'undo-b', args: {} } }),
    draft('fails'),
  ];
  const calls: string[] = [];
  const handlers: Handlers = {
    a: () => 0,
    b: () => 0,
    fails: () => {
      throw new KernelError('fails', 1, 'EPERM');
    },
    'undo-b': () => {
      throw new KernelError('undo-b', 16, 'EBUSY');
    },
    'undo-a': () => calls.push('undo-a'),
  };
  expect(() => run(steps, handlers)).toThrow(StepFailure);
  expect(calls).toEqual(['undo-a']);
});

test('an accepted errno is success', () => {
  const { handlers } = recording('mkdir');
  expect(() => run([draft('mkdir', { accept: 'EEXIST' })], handlers)).not.toThrow();
  expect(() => run([draft('mkdir', { accept: 'ENOENT' })], handlers)).toThrow(StepFailure);
});

test('a slot holds what its step returned, until it is closed', () => {
  const seen: unknown[] = [];
  const handlers: Handlers = { open: () => 42, use: ({ fd }) => seen.push(fd), close: () => 0 };
  const slots = new Map<string, number>();
  const steps = numberSteps([
    draft('open', { args: { out: slot('file') } }),
    draft('use', { args: { fd: slot('file') } }),
    draft('close', { args: { fd: slot('file') } }),
  ]);
  perform(steps, { handlers, slots, onResult: () => undefined });
  expect(seen).toEqual([42]);
  expect(slots.size).toBe(0);
});
