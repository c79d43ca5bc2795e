/**
 * An exec enters a container that lies in wait for it (THREATS S04, S05; CVE-2016-9962): root with CAP_SYS_PTRACE takes
 * from each new process what it can. The counter-proof takes the defence out: a process that is born in the container
 * before it has joined and given up its rights.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { restart } from '../../src/container/stop.ts';
import type { Container } from '../../src/container/table.ts';
import type { Step, StepDraft } from '../../src/step/step.ts';
import { launch, outputOf } from '../support/engine.ts';
import { execIn } from '../support/exec.ts';
import { type Arena, altered, openArena } from '../support/probe.ts';

let arena: Arena;
let canary: string;
beforeAll(async () => {
  arena = await openArena();
  canary = join(arena.scratch, 'canary');
  writeFileSync(canary, 'of the host');
  const program = join(arena.scratch, 'joiner');
  execFileSync('cc', [
    '-static',
    '-Wall',
    '-Wextra',
    '-O1',
    '-o',
    program,
    'test/support/probe-joiner.c',
  ]);
  await arena.image('joiner', (root) => execFileSync('cp', [program, join(root, 'joiner')]));
});
afterAll(() => arena.close());

/** What the attacker got in so many execs; without the numbers of processes. */
async function attacked(execs: number): Promise<string[]> {
  const attacker = await launch(
    arena,
    ['/joiner', canary],
    { Image: 'joiner' },
    { CapAdd: ['SYS_PTRACE'] },
  );
  await expect.poll(() => outputOf(arena, attacker)).toContain('ready');
  for (let i = 0; i < execs; i += 10)
    await Promise.all(
      Array.from({ length: 10 }, () =>
        execIn(arena, attacker, ['true'], { User: i % 20 ? '1000' : '' }).catch(() => undefined),
      ),
    );
  await execIn(arena, attacker, ['touch', '/stop']);
  await expect.poll(() => outputOf(arena, attacker)).toContain('held');
  return (await outputOf(arena, attacker)).trim().split('\n');
}

/** The plan with one birth, in the container's pid namespace: what comes after it is seen from inside. */
const bornAtOnce = (step: Step): StepDraft | readonly StepDraft[] => {
  if (step.call === 'clone3' && step.actor === 'init') return [];
  if (step.call === 'setns' && (step.args.nstype as string[]).includes('CLONE_NEWPID'))
    return { ...step, args: { ...step.args, nstype: without(step, 'CLONE_NEWPID') } };
  if (step.call === 'clone3' && !(step.args.flags as string[]).includes('CLONE_NEWNS'))
    return [
      {
        ...step,
        call: 'setns',
        args: { fd: { slot: 'pidfd.container' }, nstype: ['CLONE_NEWPID'] },
      },
      step,
    ];
  return step;
};

function without(step: Step, flag: string): string[] {
  return (step.args.nstype as string[]).filter((each) => each !== flag);
}

describe('a container with CAP_SYS_PTRACE that waits for 200 execs', () => {
  test('gets hold of processes, and of nothing of the host', async () => {
    const [ready, ...loot] = await attacked(200);
    expect(ready).toBe('ready');
    const held = loot.pop();
    expect(loot).toEqual([]);
    expect(Number(held?.split(' ')[1])).toBeGreaterThan(0);
  });

  test('would get rights, descriptors and the root of the host if execs were born in it at once', async () => {
    const loot = await altered(arena, bornAtOnce, () => attacked(200));
    expect(loot.join('\n')).toMatch(/root of the host|descriptor|rights/);
  });
});

test('an exec while its container restarts is in the container or refused, never in the host', async () => {
  const own = (await launch(arena, ['sleep', '1000'], { Image: 'probe' })) as Container;
  const kinds = ['mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup'];
  const host = kinds.map((kind) => readlinkSync(`/proc/self/ns/${kind}`));
  const look = kinds.map((kind) => `readlink /proc/self/ns/${kind}`).join(';');
  const answers: string[] = [];
  let going = true;
  const restarts = (async () => {
    for (let i = 0; i < 15; i++) {
      const before = answers.length;
      await restart(arena.engine, own, { timeoutSeconds: 0 });
      await expect.poll(() => answers.length, { interval: 5, timeout: 5000 }).not.toBe(before);
    }
  })().finally(() => {
    going = false;
  });
  while (going) {
    const ran = await execIn(arena, own, ['sh', '-c', look]).catch((error: Error) => error.message);
    await setImmediate(); // a refusal comes at once: let the restart go on
    if (typeof ran !== 'string' && ran.exitCode === 0) answers.push(...ran.stdout.split('\n'));
  }
  await restarts;
  expect(answers.length).toBeGreaterThan(0);
  expect(answers.filter((answer) => host.includes(answer))).toEqual([]);
  // The folder itself is made by a container's first exec.
  const left = () => (existsSync(own.paths.execs) ? readdirSync(own.paths.execs) : []);
  await expect.poll(left).toEqual([]);
});
