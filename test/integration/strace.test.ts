/**
 * The list that is shown is the list that is executed: real containers are started under strace, and the system calls
 * of shim and init are compared, argument by argument, with what the steps say.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CreateRequest } from '../../src/container/config.ts';
import { create } from '../../src/container/create.ts';
import { remove } from '../../src/container/remove.ts';
import { start } from '../../src/container/start.ts';
import { isSlot, type Result, type Step } from '../../src/step/step.ts';
import { exitOf, openTestEngine, request, type TestEngine } from '../support/engine.ts';
import { ANY, type Descriptors, type Expected, expectedCalls } from '../support/probe-expected.ts';
import { callsOf, hasStrace, type TracedCall, traced, type Value } from '../support/probe-trace.ts';

let tested: TestEngine;
let dir: string;
beforeAll(async () => {
  tested = await openTestEngine();
  dir = mkdtempSync(join(tmpdir(), 'petri-strace-'));
});
afterAll(async () => {
  await tested.close();
  rmSync(dir, { recursive: true });
});

const specimens: [string, CreateRequest][] = [
  ['on the bridge', request(['true'])],
  [
    'with a terminal, as a user, read-only, limited',
    request(
      ['/bin/sh', '-c', 'exit 0'],
      {
        Tty: true,
        OpenStdin: true,
        User: '33',
        WorkingDir: '/srv/app/deep',
        Domainname: 'example.test',
      },
      {
        ReadonlyRootfs: true,
        OomScoreAdj: 100,
        GroupAdd: ['7'],
        Ulimits: [{ Name: 'nofile', Soft: 100, Hard: 200 }],
      },
    ),
  ],
  [
    'without a network, with stdin',
    request(['true'], { OpenStdin: true }, { NetworkMode: 'none', CapDrop: ['ALL'] }),
  ],
  [
    'with mounts, devices and sysctls',
    request(
      ['true'],
      {},
      {
        Binds: ['/usr/share:/data:ro', '/etc/hostname:/etc/name:private'],
        Tmpfs: { '/cache/deep': 'size=1m', '/dev/mine': '' },
        Sysctls: { 'kernel.shmmni': '99' },
        Devices: [
          { PathOnHost: '/dev/null', PathInContainer: '/dev/sub/void', CgroupPermissions: 'rw' },
        ],
        SecurityOpt: ['no-new-privileges'],
        PidMode: 'host',
        UTSMode: 'host',
      },
    ),
  ],
  ['with an init', request(['true'], {}, { Init: true, NetworkMode: 'none' })],
];

describe.skipIf(!hasStrace)('the executed system calls are the plan', () => {
  test.each(specimens)('of a container %s', async (_, specimen) => {
    const { steps, results, pid } = await execution(specimen);
    expect(results.map(({ n }) => n)).toEqual(steps.map(({ n }) => n));
    const shimPid = results[steps.findIndex(({ call }) => call === 'posix_spawn')]?.ret ?? 0;
    const fds = inherited(steps, results);
    compare(
      of('shim', steps),
      results,
      lastBeforeClone(callsOf(dir, shimPid), of('shim', steps)),
      fds,
    );
    compare(of('init', steps), results, callsOf(dir, pid), fds);
  });

  test('and the comparison sees a step that is shown otherwise than it is executed', async () => {
    const { steps, results, pid } = await execution(request(['true']));
    const init = of('init', steps);
    const seen = callsOf(dir, pid);
    const shimPid = results[steps.findIndex(({ call }) => call === 'posix_spawn')]?.ret ?? 0;
    const fds = inherited(steps, results);
    compare(
      of('shim', steps),
      results,
      lastBeforeClone(callsOf(dir, shimPid), of('shim', steps)),
      fds,
    );
    const lies = [
      (step: Step) =>
        step.call === 'mount' && { ...step, args: { ...step.args, flags: ['MS_NOSUID'] } },
      (step: Step) =>
        step.call === 'setresuid' && { ...step, args: { ruid: 0, euid: 33, suid: 0 } },
      (step: Step) => step.call === 'capbset' && { ...step, args: { keep: [] } },
      (step: Step) =>
        step.call === 'pivot_root' && { ...step, args: { ...step.args, put_old: '/old' } },
      (step: Step) => step.call === 'chdir' && [],
    ];
    compare(init, results, seen, new Map(fds));
    for (const lie of lies) {
      const told = init.flatMap((step) => lie(step) || [step]) as Step[];
      expect(() => compare(told, results, seen, new Map(fds)), String(lie)).toThrow();
    }
  });
});

/** Starts it under strace and waits for its end: what was shown, what was reported. */
async function execution(
  specimen: CreateRequest,
): Promise<{ steps: readonly Step[]; results: Result[]; pid: number }> {
  const { engine } = tested;
  const { id } = await create(engine, specimen);
  const container = engine.containers.find(id);
  await traced(dir, async () => {
    await start(engine, container);
    await exitOf(tested, container);
  });
  const { steps, results } = container.execution as NonNullable<typeof container.execution>;
  await remove(engine, container, { force: false, volumes: true });
  const pid = results[steps.findIndex(({ call }) => call === 'clone3')]?.ret ?? 0;
  return { steps, results: [...results], pid };
}

function of(actor: Step['actor'], steps: readonly Step[]): Step[] {
  return steps.filter((step) => step.actor === actor);
}

/** The shim's preparations come first; from its first step to clone3 there is nothing but steps. */
function lastBeforeClone(calls: TracedCall[], steps: Step[]): TracedCall[] {
  const clone = calls.findIndex(({ name }) => name === 'clone3');
  return calls.slice(clone + 1 - steps.length, clone + 1);
}

/** Every step's calls in turn, with nothing between them, each with its arguments; the last result is the step's. */
function compare(
  steps: readonly Step[],
  results: readonly Result[],
  calls: readonly TracedCall[],
  fds: Descriptors,
): void {
  let at = 0;
  for (const step of steps) {
    const rest = calls.slice(at);
    const expected = expectedCalls(step, fds, rest);
    const made = rest.slice(0, expected.length);
    const what = `step ${step.n} ${step.call}`;
    expect(made.map(readable), what).toEqual(
      expected.map((call, i) => readable(likeSeen(call, made[i]))),
    );
    at += expected.length;
    expect(reported(step, made), what).toBe(results.find(({ n }) => n === step.n)?.ret);
    noteDescriptors(step, made, fds);
  }
}

function readable({ name, args }: Expected | TracedCall): string {
  return `${name}(${args.map((arg) => JSON.stringify(arg)).join(', ')})`;
}

/** Pointers are taken from what was seen; arguments strace does not print must be 0. */
function likeSeen({ name, args }: Expected, seen: TracedCall | undefined): Expected {
  const count = seen?.name === name ? seen.args.length : args.length;
  const unseen = args.slice(count).filter((arg) => arg !== 0 && arg !== null);
  return {
    name,
    args: [...args.slice(0, count).map((arg, i) => known(arg, seen?.args[i])), ...unseen],
  };
}

function known(arg: Value, seen: Value | undefined): Value {
  if (arg === ANY) return seen ?? null;
  if (typeof arg !== 'object' || arg === null || Array.isArray(arg)) return arg;
  const fields = (seen ?? {}) as Record<string, Value>;
  return Object.fromEntries(
    Object.entries(arg).map(([name, value]) => [
      name,
      value === ANY ? (fields[name] ?? null) : value,
    ]),
  );
}

/** What the step reports: of a write the bytes, of the bounding set how many it dropped, else the call's result. */
function reported(step: Step, made: readonly TracedCall[]): number {
  if (step.call === 'write') return made[1]?.ret ?? Number.NaN;
  if (step.call === 'capbset') return made.filter(({ args }) => args[0] === 24).length;
  const last = made.at(-1)?.ret ?? Number.NaN;
  return step.accept && last === -1 ? 0 : last;
}

function noteDescriptors(step: Step, made: readonly TracedCall[], fds: Descriptors): void {
  const { out, read, write, pidfd } = step.args;
  if (isSlot(out)) fds.set(out.slot, made[0]?.ret ?? -1);
  if (isSlot(read) && isSlot(write)) {
    const [readEnd, writeEnd] = (made[0]?.args[0] ?? []) as number[];
    fds.set(read.slot, readEnd ?? -1).set(write.slot, writeEnd ?? -1);
  }
  if (isSlot(pidfd)) fds.set(pidfd.slot, -1);
}

/** Descriptors the supervisor opened: the shim inherits them under the same numbers. */
function inherited(steps: readonly Step[], results: readonly Result[]): Descriptors {
  const opened = of('supervisor', steps).flatMap(({ n, args }) => {
    const ret = results.find((result) => result.n === n)?.ret ?? -1;
    return isSlot(args.out) ? [[args.out.slot, ret] as [string, number]] : [];
  });
  return new Map([...opened, ['docker-init', tested.engine.initFd]]);
}
