import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { slot } from '../../src/step/step.ts';
import { step } from '../support/shim.ts';
import { disposeAfterEach, start } from '../support/shim-suite.ts';

disposeAfterEach();

/** strace of this process and all it starts from now on; one file for each, `file.PID`. */
async function traced(file: string, work: () => Promise<void>): Promise<void> {
  const args = ['-ff', '-qq', '-o', file, '-e', 'signal=none', '-p', String(process.pid)];
  const strace: ChildProcess = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    await expect.poll(() => tracerOf(process.pid)).toBe(strace.pid);
    await work();
  } finally {
    strace.kill('SIGINT');
    await once(strace, 'exit');
  }
}

function tracerOf(pid: number): number {
  return Number(/TracerPid:\t(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** Name and result of each call; an accepted EEXIST is a success, and a mask is written in octal. */
function callsIn(file: string): [name: string, ret: number][] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, name, ret] = /^(\w+)\(.* = (-?\d+)/.exec(line) ?? [];
      if (!name || !ret) return [];
      return [
        [name, line.includes('EEXIST') ? 0 : Number.parseInt(ret, ret.startsWith('0') ? 8 : 10)],
      ];
    });
}

const hasStrace = (() => {
  try {
    return execFileSync('strace', ['-V']).length > 0;
  } catch {
    return false;
  }
})();

describe('the system calls of init, as strace sees them', () => {
  it.skipIf(!hasStrace || process.env.PETRI_SHIM)(
    'are the steps, one for one, with the results that are reported',
    async () => {
      const dir = mkdtempSync(join(tmpdir(), 'petri-shim-trace-'));
      try {
        let pid = 0;
        let reported: [string, number][] = [];
        const init = [
          step('init', 'umask', { mask: 0o22 }),
          step('init', 'mkdir', { path: join(dir, 'made'), mode: 0o700 }),
          step('init', 'mkdir', { path: join(dir, 'made'), mode: 0o700 }, { accept: 'EEXIST' }),
          step('init', 'unshare', { flags: ['CLONE_NEWNS'] }),
          step('init', 'mount', { target: '/', flags: ['MS_REC', 'MS_PRIVATE'] }),
          step('init', 'open', { path: dir, flags: ['O_PATH'], out: slot('dir') }),
          step('init', 'fchdir', { fd: slot('dir') }),
          step('init', 'sethostname', { name: 'petri' }),
          step('init', 'setgroups', { groups: [1, 2] }),
          step('init', 'capset', {
            effective: ['CAP_CHOWN'],
            permitted: ['CAP_CHOWN'],
            inheritable: 0,
          }),
        ];
        await traced(join(dir, 'trace'), async () => {
          const shim = await start({ argv: ['true'], flags: ['CLONE_NEWUTS'], init });
          pid = (await shim.control.line('running')).pid;
          await shim.control.line('exit');
          reported = shim.control.lines.flatMap((line) =>
            line.kind === 'step' && line.result.n > 5 ? [['', line.result.ret]] : [],
          );
        });
        const calls = callsIn(join(dir, `trace.${pid}`));
        const steps = calls.slice(0, calls.findIndex(([name]) => name === 'execve') + 1);
        expect(steps.map(([name]) => name)).toEqual(
          [
            'prctl',
            'dup2',
            'dup2',
            'dup2',
            'umask',
            'mkdir',
            'mkdir',
            'unshare',
            'mount',
            'openat',
          ].concat(['fchdir', 'sethostname', 'setgroups', 'capset', 'execve']),
        );
        // The number of a descriptor that a step opened is its result in both.
        expect(steps.map(([, ret]) => ret)).toEqual(reported.map(([, ret]) => ret));
      } finally {
        rmSync(dir, { recursive: true });
      }
    },
  );
});

const unified = /^\S+ (\S+) cgroup2 /m.exec(readFileSync('/proc/mounts', 'utf8'))?.[1];

describe('clone3', () => {
  it.skipIf(!unified)('puts init into the cgroup before its first step', async () => {
    const group = `${unified}/petri-shim-test`;
    mkdirSync(group);
    try {
      const open = { path: group, flags: ['O_PATH', 'O_DIRECTORY'], out: slot('cgroup') };
      const shim = await start({
        argv: ['sleep', '100'],
        shim: [step('shim', 'open', open)],
        clone: { cgroup: slot('cgroup') },
      });
      const { pid } = await shim.control.line('running');
      expect(readFileSync(`/proc/${pid}/cgroup`, 'utf8')).toContain('0::/petri-shim-test\n');
      process.kill(pid, 'SIGKILL');
      await shim.control.line('exit');
    } finally {
      rmdirSync(group);
    }
  });

  it('makes the namespaces that are asked for, and no others', async () => {
    const flags = ['CLONE_NEWPID', 'CLONE_NEWUTS', 'CLONE_NEWIPC', 'CLONE_NEWNET'];
    const shim = await start({ argv: ['sleep', '100'], flags });
    const { pid } = await shim.control.line('running');
    const own = (name: string) => namespaceOf(pid, name) !== namespaceOf(process.pid, name);
    const names = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'time', 'user', 'uts'];
    expect(names.filter(own)).toEqual(['ipc', 'net', 'pid', 'uts']);
    process.kill(pid, 'SIGKILL');
  });
});

function namespaceOf(pid: number, name: string): string {
  return execFileSync('readlink', [`/proc/${pid}/ns/${name}`], { encoding: 'utf8' });
}
