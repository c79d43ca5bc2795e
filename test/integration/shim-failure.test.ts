import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { close } from '../../src/kernel/files.ts';
import { errnoNames } from '../../src/kernel/generated/constants.ts';
import { tryReap } from '../../src/kernel/spawn.ts';
import { listenIn } from '../../src/kernel/unix-socket.ts';
import { encodePlan } from '../../src/step/encode.ts';
import { type Scenario, spawnPlan, step, stepsOf } from '../support/shim.ts';
import { disposeAfterEach, sh, start } from '../support/shim-suite.ts';

disposeAfterEach();

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'petri-shim-failure-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

/** Runs a program that would leave a mark; a step fails before it. */
async function failing(scenario: Omit<Scenario, 'argv'>, argv?: string[]) {
  const mark = join(dir, 'mark');
  const shim = await start({ argv: argv ?? sh(`touch ${mark}`), ...scenario });
  const failed = await shim.control.line('failed');
  await expect.poll(() => shim.control.ended).toBe(true);
  expect(existsSync(mark)).toBe(false);
  expect(existsSync(join(shim.dir, 'exit'))).toBe(false);
  return { ...failed, code: errnoNames[failed.errno], lines: shim.control.lines, pid: shim.pid };
}

describe('a step that fails', () => {
  it('in init is reported with its errno, and nothing after it is done', async () => {
    const after = join(dir, 'after');
    const init = [
      step('init', 'mkdir', { path: '/proc/no' }),
      step('init', 'mkdir', { path: after }),
    ];
    const { n, code, lines } = await failing({ init });
    expect({ n, code }).toEqual({ n: 10, code: 'ENOENT' });
    expect(existsSync(after)).toBe(false);
    expect(lines.at(-2)).toMatchObject({ kind: 'step', result: { n: 10, ret: -1, errno: 2 } });
  });

  it('in the shim is reported, and init is never made', async () => {
    const shim = [step('shim', 'open', { path: '/nowhere', flags: ['O_RDONLY'] })];
    const { n, code, lines } = await failing({ shim });
    expect({ n, code }).toEqual({ n: 5, code: 'ENOENT' });
    expect(lines).toHaveLength(6);
  });

  it('may be one whose errno the step accepts', async () => {
    const init = [step('init', 'mkdir', { path: '/' }, { accept: 'EEXIST' })];
    const shim = await start({ argv: ['true'], init });
    expect(await shim.control.line('exit')).toMatchObject({ exitCode: 0 });
    expect(shim.control.lines).toContainEqual(
      expect.objectContaining({ result: expect.objectContaining({ n: 10, ret: 0, errno: 0 }) }),
    );
  });

  it.each([
    ['is nowhere', ['petri-no-such-program'], 'ENOENT'],
    ['is nowhere by its path', ['/no/such/program'], 'ENOENT'],
    ['is not executable', ['/etc/passwd'], 'EACCES'],
    ['is not executable on the path', ['passwd'], 'EACCES'],
    ['is a folder by its path', ['/etc'], 'EACCES'],
    ['is a folder on the path', ['apt'], 'ENOENT'],
    ['has no name', [''], 'ENOENT'],
  ])('is execve when the program %s', async (_, argv, code) => {
    expect(await failing({ path: ['/no/such', '/etc'] }, argv)).toMatchObject({ n: 10, code });
  });

  it('may be the opening of the log', async () => {
    const { n, code } = await failing({ plan: { logPath: '/no/such/folder/log' } });
    expect({ n, code }).toEqual({ n: 0, code: 'ENOENT' });
  });

  it('is told as EINTR when init was killed in it', async () => {
    // A filter that kills: BPF_RET | SECCOMP_RET_KILL_PROCESS, one instruction.
    const filter = new Uint8Array([6, 0, 0, 0, 0, 0, 0, 0x80]);
    const init = [step('init', 'seccomp', { flags: 0, filter }), step('init', 'setsid')];
    const { n, code } = await failing({ init });
    expect({ n, code }).toEqual({ n: 11, code: 'EINTR' });
  });

  it('is a getcwd of a folder that is not under the root', async () => {
    const init = [
      step('init', 'unshare', { flags: ['CLONE_NEWNS'] }),
      step('init', 'mount', { target: '/', flags: ['MS_REC', 'MS_PRIVATE'] }),
      step('init', 'mount', { source: 'x', target: dir, fstype: 'tmpfs', flags: 0 }),
      step('init', 'chdir', { path: '/etc' }),
      step('init', 'pivot_root', { new_root: dir, put_old: dir }),
      step('init', 'umount2', { target: '/', flags: ['MNT_DETACH'] }),
      step('init', 'getcwd'),
    ];
    const failed = await failing({ init });
    expect(failed).toMatchObject({ n: 16, code: 'ENOENT' });
  });
});

describe('a malformed plan', () => {
  const plan = {
    id: '',
    logPath: '',
    logMaxBytes: 0,
    logMaxFiles: 1,
    clients: 0,
    terminal: false,
    stdinOpen: false,
    stdinOnce: false,
    rows: 0,
    columns: 0,
  };
  const good = () =>
    Buffer.from(encodePlan(plan, stepsOf({ argv: sh(`touch ${dir}/ran`) }), new Map()));
  const changed = (at: number, ...bytes: number[]) => {
    const copy = good();
    copy.set(bytes, at);
    return copy;
  };

  it.each<[string, () => Uint8Array]>([
    ['is empty', () => Buffer.alloc(0)],
    ['is cut', () => good().subarray(0, -1)],
    ['has a byte too many', () => Buffer.concat([good(), Buffer.alloc(1)])],
    ['has another magic', () => changed(0, 0x51)],
    ['has another version', () => changed(4, 2)],
    ['has too many slots', () => changed(8, 1, 1)],
    ['inherits what is not there', () => changed(12, 1)],
    ['has fewer records than it says', () => changed(16, 200)],
    ['has an unknown operation', () => changed(24, 99)],
    ['is longer than 8 MiB', () => Buffer.concat([good(), Buffer.alloc(8 << 20)])],
    ['shares memory with init', () => flags('CLONE_VM', 0x100)],
    ['takes a forbidden prctl', () => prctl(15 /* PR_SET_NAME */)],
  ])('that %s is refused before anything is done', async (_, bytes) => {
    const status = await exitStatus(bytes());
    expect(status).toBe(1);
    expect(existsSync(`${dir}/ran`)).toBe(false);
  });

  function flags(_: string, bits: number): Uint8Array {
    const steps = stepsOf({ argv: ['true'] }).map((s) =>
      s.call === 'clone3' ? { ...s, args: { flags: bits } } : s,
    );
    return encodePlan(plan, steps, new Map());
  }
  function prctl(option: number): Uint8Array {
    const init = [step('init', 'prctl', { option })];
    return encodePlan(plan, stepsOf({ argv: ['true'], init }), new Map());
  }

  /** Runs the shim under a shell's eye, for its status, with nobody connected. */
  async function exitStatus(bytes: Uint8Array): Promise<number> {
    const listener = listenIn(dir, 'shim.sock', 8);
    const pid = spawnPlan(bytes, listener, dir);
    close(listener);
    rmSync(join(dir, 'shim.sock'));
    await expect.poll(() => readFileSync(`/proc/${pid}/stat`, 'utf8')).toMatch(/\) Z /);
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').trim().split(' ');
    tryReap(pid);
    return Number(stat.at(-1)) >> 8;
  }
});
