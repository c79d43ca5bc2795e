/**
 * The filter of system calls (THREATS S17, S18): tried from inside, and shown to matter by taking it out. The probe
 * is a static C program that makes one call by number and prints its errno.
 */
import { execFileSync } from 'node:child_process';
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { remove } from '../../src/container/remove.ts';
import type { Step } from '../../src/step/step.ts';
import { launch, openTestEngine, run, type TestEngine } from '../support/engine.ts';
import { execIn } from '../support/exec.ts';

const PROBE = `
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(int count, char **words) {
  for (int i = 1; i + 1 < count; i += 2) {
    errno = 0;
    long ret = syscall(atol(words[i]), atol(words[i + 1]), 0, 0, 0, 0, 0);
    printf("%s\\n", ret >= 0 ? "allowed" : strerrorname_np(errno));
  }
}
`;
const numbers: Record<string, number> = {
  personality: 135,
  unshare: 272,
  mount: 165,
  keyctl: 250,
  bpf: 321,
  clone3: 435,
  io_uring_setup: 425,
  kexec_load: 246,
  perf_event_open: 298,
  userfaultfd: 323,
  socket: 41,
  getpid: 39,
  setns: 308,
  open_by_handle_at: 304,
  swapon: 167,
  ptrace: 101,
};

let tested: TestEngine;
const folder = mkdtempSync(join(tmpdir(), 'petri-seccomp-'));

beforeAll(async () => {
  tested = await openTestEngine();
  writeFileSync(join(folder, 'probe.c'), PROBE);
  execFileSync('cc', ['-static', '-o', join(folder, 'probe'), join(folder, 'probe.c')]);
  execFileSync('tar', ['-cf', join(folder, 'probe.tar'), '-C', folder, 'probe']);
  await tested.engine.images.import(createReadStream(join(folder, 'probe.tar')), {
    repo: 'probe',
    tag: 'latest',
  });
});
afterAll(async () => {
  await tested.close();
  rmSync(folder, { recursive: true });
});

/** What each call answers inside. */
async function answers(
  calls: [name: string, argument: number][],
  hostConfig: object = {},
): Promise<string[]> {
  const words = calls.flatMap(([name, argument]) => [String(numbers[name]), String(argument)]);
  const { output } = await run(tested, ['/probe', ...words], { Image: 'probe' }, hostConfig);
  return output.trim().split('\n');
}

const REFUSED: [string, number][] = [
  ['unshare', 0x10000000],
  ['mount', 0],
  ['keyctl', 0],
  ['bpf', 0],
  ['io_uring_setup', 1],
  ['kexec_load', 0],
  ['perf_event_open', 0],
  ['userfaultfd', 0],
  ['setns', 0],
  ['open_by_handle_at', 0],
  ['swapon', 0],
];

describe.skipIf(process.arch !== 'x64')('system calls in a container', () => {
  test('that reach past it are refused', async () => {
    expect(await answers(REFUSED)).toEqual(REFUSED.map(() => 'EPERM'));
  });

  test('of every day are made, and clone3 is unknown, so that clone is used', async () => {
    expect(
      await answers([
        ['getpid', 0],
        ['clone3', 0],
      ]),
    ).toEqual(['allowed', 'ENOSYS']);
  });

  test('are looked at by argument: families of sockets, personalities', async () => {
    const calls: [string, number][] = [
      ['socket', 1],
      ['socket', 38],
      ['socket', 39],
      ['socket', 40],
      ['personality', 0],
      ['personality', 0x0400000],
      // The kernel looks at the lower half of it alone.
      ['socket', 2 ** 32 + 38],
      ['socket', 2 ** 32 + 40],
    ];
    const [unix, alg, , vsock, linux, noRandom, wideAlg, wideVsock] = await answers(calls);
    expect(['ENOSYS', 'EPERM']).not.toContain(unix);
    expect(linux).toBe('allowed');
    expect([alg, vsock, noRandom]).toEqual(['ENOSYS', 'ENOSYS', 'ENOSYS']);
    expect([wideAlg, wideVsock]).toEqual(['ENOSYS', 'ENOSYS']);
  });

  test('are opened by a capability, and by seccomp=unconfined', async () => {
    const admin = await answers([['unshare', 0x04000000]], { CapAdd: ['SYS_ADMIN'] });
    expect(admin).toEqual(['allowed']);
    expect(await answers([['keyctl', 0]], { SecurityOpt: ['seccomp=unconfined'] })).not.toEqual([
      'EPERM',
    ]);
  });

  test('the filter is what refuses them: without its step they are made', async () => {
    tested.engine.alterPlan = (steps) => steps.filter(({ call }: Step) => call !== 'seccomp');
    try {
      expect(
        await answers([
          ['unshare', 0x10000000],
          ['socket', 40],
        ]),
      ).not.toContain('EPERM');
    } finally {
      tested.engine.alterPlan = (steps) => steps;
    }
  });

  test('the kernel says so', async () => {
    const { output } = await run(tested, ['grep', 'Seccomp:', '/proc/self/status']);
    expect(output).toBe('Seccomp:\t2\n');
  });
});

test('an exec has the filter of its container', async () => {
  const container = await launch(tested, ['sleep', '100']);
  const { stdout } = await execIn(tested, container, ['grep', 'Seccomp:', '/proc/self/status']);
  expect(stdout).toBe('Seccomp:\t2\n');
  await remove(tested.engine, container, { force: true, volumes: true });
});
