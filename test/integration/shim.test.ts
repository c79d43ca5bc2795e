import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Control, readAll, step, unframe } from '../support/shim.ts';
import { disposeAfterEach, readLog, readUntil, sh, start } from '../support/shim-suite.ts';

disposeAfterEach();

describe('a program run by the shim', () => {
  it('has its output attached and logged, and its exit told and recorded', async () => {
    const shim = await start({ argv: sh('echo out; echo err >&2; exit 3') }, ['attach oe']);
    const output = unframe(await readAll(shim.attached[0]));
    expect(output).toEqual({ stdout: 'out\n', stderr: 'err\n' });
    const exit = await shim.control.line('exit');
    expect(exit).toMatchObject({ exitCode: 3, signal: 0 });
    const log = readLog(shim.log).map(({ stream, log }) => [stream, log]);
    expect(log.sort()).toEqual([
      ['stderr', 'err\n'],
      ['stdout', 'out\n'],
    ]);
    const record = JSON.parse(readFileSync(`${shim.dir}/exit`, 'utf8'));
    expect(record).toMatchObject({ exitCode: 3, signal: 0 });
    expect(BigInt(Date.parse(record.finishedAt))).toBe(exit.atNs / 1_000_000n);
    expect(record.finishedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
  });

  it.each([0, 1, 2, 42, 126, 127, 128, 137, 255])(
    'ends with its own exit code %i',
    async (code) => {
      const shim = await start({ argv: sh(`exit ${code}`) });
      expect(await shim.control.line('exit')).toMatchObject({ exitCode: code, signal: 0 });
    },
  );

  it.each([
    ['TERM', 15],
    ['KILL', 9],
    ['HUP', 1],
    ['ABRT', 6],
  ])('ends with 128 plus the signal when killed by SIG%s', async (name, signal) => {
    // Not as pid 1 of a namespace, which ignores what it does not handle (pid_namespaces(7)).
    const shim = await start({ argv: ['sleep', '100'], flags: [] });
    const { pid } = await shim.control.line('running');
    process.kill(pid, `SIG${name}`);
    expect(await shim.control.line('exit')).toMatchObject({ exitCode: 128 + signal, signal });
  });

  it('is told with its pid in the host and its start time', async () => {
    const shim = await start({ argv: ['sleep', '100'] });
    const { pid, startTicks } = await shim.control.line('running');
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    expect(stat).toContain('(sleep)');
    expect(Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])).toBe(startTicks);
    process.kill(pid, 'SIGKILL');
  });

  it('has stdio and nothing else, default signals and an empty mask', async () => {
    const script = 'ls /proc/self/fd; grep -E "^Sig(Blk|Ign)" /proc/self/status';
    const shim = await start({ argv: sh(script), flags: [] }, ['attach oe']);
    const { stdout } = unframe(await readAll(shim.attached[0]));
    // ls itself opens the folder: the fourth.
    expect(stdout.split('\n').slice(0, 5)).toEqual([
      '0',
      '1',
      '2',
      '3',
      'SigBlk:\t0000000000000000',
    ]);
    expect(stdout).toContain('SigIgn:\t0000000000000000');
  });

  it('gets each step reported, in order, with what it returned and when', async () => {
    const shim = await start({ argv: ['true'], init: [step('init', 'getcwd')] });
    const { pid } = await shim.control.line('running');
    await shim.control.line('exit');
    const results = shim.control.lines.flatMap((line) =>
      line.kind === 'step' ? [line.result] : [],
    );
    expect(results.map(({ n }) => n)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(results.every(({ errno, ret }) => errno === 0 && ret >= 0)).toBe(true);
    expect(results[4]?.ret).toBe(pid);
    expect(results.slice(6, 9).map(({ ret }) => ret)).toEqual([0, 1, 2]);
    const starts = results.map(({ startNs }) => startNs);
    expect(starts).toEqual([...starts].sort((a, b) => a - b));
    expect(results.every(({ durationNs }) => durationNs >= 0 && durationNs < 1e9)).toBe(true);
  });

  it('is watched over by less than 0.7 MB of memory', async () => {
    const shim = await start({ argv: ['sleep', '100'] });
    const { pid } = await shim.control.line('running');
    const rollup = readFileSync(`/proc/${shim.pid}/smaps_rollup`, 'utf8');
    expect(Number(/^Pss: +(\d+) kB/m.exec(rollup)?.[1])).toBeLessThan(
      process.env.PETRI_SHIM ? 1e6 : 700,
    );
    process.kill(pid, 'SIGKILL');
  });

  it('is not shaken off by signals to the shim, but dies with it', async () => {
    const shim = await start({ argv: sh('echo up; sleep 100') }, ['attach o']);
    const { pid } = await shim.control.line('running');
    await readUntil(shim.attached[0], 'up\n');
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1']) process.kill(shim.pid, signal);
    const again = await shim.connect('control');
    expect(await readUntil(again, 'running')).toContain('step 1 ');
    again.destroy();
    process.kill(shim.pid, 'SIGKILL');
    await expect(shim.control.line('exit')).rejects.toThrow(/ended without exit/);
    await expect.poll(() => isAlive(pid)).toBe(false);
    expect(() => readFileSync(`${shim.dir}/exit`)).toThrow(/ENOENT/);
  });

  it('tells everything again to a supervisor that comes later', async () => {
    const shim = await start({ argv: ['sleep', '100'] });
    const { pid } = await shim.control.line('running');
    const before = [...shim.control.lines];
    shim.control.socket.destroy();
    const later = new Control(await shim.connect('control'));
    await later.line('running');
    process.kill(pid, 'SIGKILL');
    await later.line('exit');
    expect(later.lines.slice(0, before.length)).toEqual(before);
  });

  it('reaps what is orphaned to the shim', async () => {
    const script = '(sleep 0 & echo $! > /dev/null) ; exec sleep 100';
    const shim = await start({ argv: sh(script), flags: [] });
    const { pid } = await shim.control.line('running');
    await expect.poll(() => childrenOf(shim.pid)).toEqual([pid]);
    process.kill(pid, 'SIGKILL');
  });

  it('does not wait for a pipe that a foreign process still holds', async () => {
    const shim = await start({ argv: sh('echo first; setsid sleep 5 & exit 7'), flags: [] }, [
      'attach o',
    ]);
    expect(unframe(await readAll(shim.attached[0])).stdout).toBe('first\n');
    expect(await shim.control.line('exit')).toMatchObject({ exitCode: 7 });
  });
});

function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false; // ENOENT: gone and reaped
  }
}

function childrenOf(pid: number): number[] {
  const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return list === '' ? [] : list.split(' ').map(Number);
}
