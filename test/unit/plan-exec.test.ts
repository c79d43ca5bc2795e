/** The plan of an exec: golden files, and what must hold in each. */
import { describe, expect, test } from 'vitest';
import type { ExecConfig } from '../../src/container/exec/exec.ts';
import { planExec } from '../../src/container/plan/exec.ts';
import { renderSteps } from '../../src/explain/steps.ts';
import { encodePlan } from '../../src/step/encode.ts';
import type { Step } from '../../src/step/step.ts';
import { EXEC_CONFIG } from '../support/exec.ts';
import { planInput, V1 } from '../support/plan-input.ts';

function plan(exec: Partial<ExecConfig>, input = planInput()): Step[] {
  const { record, facts, identity, seccomp, paths } = input;
  const config = { ...EXEC_CONFIG, Cmd: ['ls', '-l'], ...exec };
  const init = { pid: 4711, startTicks: 815 };
  return planExec({
    record,
    exec: config,
    runDir: `${paths.execs}/e`,
    facts,
    identity,
    seccomp,
    init,
  });
}

const plans = Object.entries({
  v2: plan({}),
  v1: plan({}, planInput({}, {}, { facts: { ...planInput().facts, cgroup: V1 } })),
  terminal: plan({ Tty: true, AttachStdin: true, Env: ['TERM=vt100'] }),
  'user-workdir-privileged': plan(
    { Privileged: true, WorkingDir: '/srv', AttachStdin: true },
    planInput(
      { WorkingDir: '/elsewhere' },
      { OomScoreAdj: 500, Ulimits: [{ Name: 'nofile', Soft: 64, Hard: 128 }] },
      { identity: { uid: 33, gid: 33, groups: [33, 5], home: '/var/www' } },
    ),
  ),
});

const shim = {
  id: 'e',
  logPath: '',
  logMaxBytes: 0,
  logMaxFiles: 1,
  clients: 1,
  terminal: false,
  stdinOpen: false,
  stdinOnce: true,
  rows: 0,
  columns: 0,
};

describe.each(plans)('the plan of an exec, %s', (name, steps) => {
  const place = (call: string) => steps.findIndex((step) => step.call === call);
  const second = steps.findIndex(({ call, actor }) => call === 'clone' && actor === 'init');

  test('is the golden one', async () => {
    await expect(`${JSON.stringify(steps, null, 1)}\n`).toMatchFileSnapshot(
      `golden/plan-exec-${name}.json`,
    );
  });

  test('can be read as what it is: a program that goes into a container', async () => {
    await expect(renderSteps(steps, [], { of: 'exec' })).toMatchFileSnapshot(
      `golden/explain-exec-${name}.txt`,
    );
  });

  test('can be sent to the shim', () => {
    const inherited = new Map([
      ['pidfd.container', 10],
      ['root', 11],
      ['cgroup', 12],
    ]);
    expect(encodePlan(shim, steps, inherited).length).toBeGreaterThan(500);
  });

  test('joins before it gives up rights, and is born in the container with none left', () => {
    const order = ['setns', 'capbset', 'setgroups', 'setresgid', 'setresuid', 'capset', 'getcwd'];
    const places = [...order, 'close_range'].map(place);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(second).toBeGreaterThan(place('close_range'));
  });

  test('closes everything, not only at execve, before the container can see it', () => {
    expect(steps[place('close_range')]?.args).toEqual({ first: 3, last: 0xffffffff, flags: [] });
  });

  test('writes to files of the host only before it joins', () => {
    const last = steps.findLastIndex(({ call }) => call === 'write');
    expect(last).toBeLessThan(place('setns'));
  });

  test('says why of every step, and how a shell would do it', () => {
    for (const step of steps) {
      expect(step.why.length, `step ${step.n}`).toBeGreaterThan(5);
      expect(step.sh, `step ${step.n}`).not.toBe('');
    }
  });
});
