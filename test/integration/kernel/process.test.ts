import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { close } from '../../../src/kernel/files.ts';
import { sealedMemfd } from '../../../src/kernel/memfd.ts';
import {
  isSameProcess,
  openSameProcess,
  pidfdOpen,
  pidfdSendSignal,
  processIdentity,
  sendSignal,
} from '../../../src/kernel/pidfd.ts';
import { reap, spawnShim, tryReap } from '../../../src/kernel/spawn.ts';

let dir: string;
let program: number;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'petri-spawn-'));
  program = sealedMemfd('busybox', readFileSync('/bin/busybox'));
});
afterEach(async () => {
  close(program);
  await rm(dir, { recursive: true });
});

/** Runs a script as the shim is run and returns what it printed. */
async function run(script: string, inherit: number[] = []): Promise<string> {
  const argv = ['sh', '-c', `{ ${script}; } > out 2>&1`];
  expect(await reap(spawnShim({ executableFd: program, argv, cwd: dir, inherit }))).toBe(true);
  return (await readFile(join(dir, 'out'), 'utf8')).trim();
}

describe('a sealed memfd', () => {
  it('cannot be written, grown or cut', () => {
    expect(() => writeSync(program, 'x', 0)).toThrow(/EPERM/);
    expect(() =>
      execFileSync('truncate', ['-s', '1', `/proc/${process.pid}/fd/${program}`], {
        stdio: 'pipe',
      }),
    ).toThrow();
    expect(readFileSync(`/proc/self/fd/${program}`).equals(readFileSync('/bin/busybox'))).toBe(
      true,
    );
  });
});

describe('a spawned shim', () => {
  it('has a session of its own, its folder, /dev/null and no environment', async () => {
    const told = await run(
      'pwd; readlink /proc/self/fd/0; tr "\\\\0" "\\\\n" < /proc/$$/environ; cut -d" " -f1,6 /proc/$$/stat',
    );
    const [cwd, stdin, ids, ...rest] = told.split('\n');
    expect([cwd, stdin, rest]).toEqual([dir, '/dev/null', []]);
    expect(ids?.split(' ')[0]).toBe(ids?.split(' ')[1]);
  });

  it('has all signals at their default and none blocked', async () => {
    const told = await run('grep -E "^Sig(Blk|Ign|Cgt)" /proc/self/status | cut -f2');
    expect(new Set(told.split('\n'))).toEqual(new Set(['0'.repeat(16)]));
  });

  it('has the descriptors it inherits, and the parent keeps them to itself', async () => {
    const given = openSync('/etc/hostname', 'r');
    const own = openSync('/etc/os-release', 'r');
    try {
      const told = await run('for f in /proc/$$/fd/*; do readlink $f; done', [given]);
      expect(told).toContain('/etc/hostname');
      expect(told).not.toContain('/etc/os-release');
      expect(told).not.toContain('memfd');
      const flags = readFileSync(`/proc/self/fdinfo/${given}`, 'utf8');
      expect(flags).toMatch(/^flags:\s+02\d{6}$/m);
    } finally {
      closeSync(given);
      closeSync(own);
    }
  });

  it('that cannot start is an error naming it and its folder', () => {
    const spawnIn = (cwd: string) => () =>
      spawnShim({ executableFd: program, argv: ['shim'], cwd, inherit: [] });
    expect(spawnIn('/no/such/folder')).toThrow('posix_spawn(shim, /no/such/folder): ENOENT');
  });

  it('is reaped once, and one that is not ours counts as gone', async () => {
    const pid = spawnShim({ executableFd: program, argv: ['true'], cwd: dir, inherit: [] });
    expect(await reap(pid)).toBe(true);
    expect(tryReap(pid)).toBe(true);
  });
});

describe('a process held by pidfd', () => {
  it('gets a signal by it; one that has ended does not, and a recycled pid is no match', async () => {
    const child = spawn('sleep', ['1000']);
    const exited = once(child, 'exit');
    const identity = processIdentity(child.pid as number);
    const pidfd = pidfdOpen(identity.pid);
    expect(isSameProcess(identity)).toBe(true);
    expect(isSameProcess({ ...identity, startTicks: identity.startTicks - 1 })).toBe(false);
    expect(isSameProcess({ ...identity, bootId: 'another' })).toBe(false);
    expect(sendSignal(identity, 9)).toBe(true);
    expect((await exited)[1]).toBe('SIGKILL');
    expect(() => pidfdSendSignal(pidfd, 9)).toThrow('ESRCH');
    expect(sendSignal(identity, 9)).toBe(false);
    expect(openSameProcess(identity)).toBeUndefined();
    expect(() => processIdentity(identity.pid)).toThrow('ESRCH');
    close(pidfd);
  });
});
