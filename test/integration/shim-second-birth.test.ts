/** Init may make one child, which goes on with the list in its place (docs/shim.md): how an exec enters a pid namespace. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readAll, step, unframe } from '../support/shim.ts';
import { disposeAfterEach, sh, start } from '../support/shim-suite.ts';

disposeAfterEach();

const again = step('init', 'clone', { flags: ['CLONE_PARENT', 'CLONE_VFORK'] });
const enterNew = step('init', 'unshare', { flags: ['CLONE_NEWPID'] });

describe('the second birth', () => {
  it('makes a child of the shim, in the pid namespace that init has chosen', async () => {
    const init = [enterNew, again];
    const shim = await start({ argv: sh('echo $$; exit 7'), flags: [], init }, ['attach o']);
    const { stdout } = unframe(await readAll(shim.attached[0]));
    expect(stdout).toBe('1\n');
    expect(await shim.control.line('exit')).toMatchObject({ exitCode: 7, signal: 0 });
  });

  it('is the process that is told of, and the only one left', async () => {
    const shim = await start({ argv: ['sleep', '100'], flags: [], init: [enterNew, again] });
    const { pid, startTicks } = await shim.control.line('running');
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    expect(Number(stat[1])).toBe(shim.pid);
    expect(Number(stat[19])).toBe(startTicks);
    const children = readFileSync(`/proc/${shim.pid}/task/${shim.pid}/children`, 'utf8');
    expect(children.trim()).toBe(String(pid));
    process.kill(pid, 'SIGKILL');
    expect(await shim.control.line('exit')).toMatchObject({ exitCode: 137, signal: 9 });
  });

  it('has nothing of the shim when its first step closed it all', async () => {
    const closeAll = step('init', 'close_range', { first: 3, last: 0xffffffff, flags: 0 });
    const init = [closeAll, enterNew, again];
    // Linked statically: a dynamic loader has its libraries open for a moment.
    const shim = await start({ argv: ['/bin/busybox', 'sleep', '100'], flags: [], init });
    const { pid } = await shim.control.line('running');
    expect(readdirSync(`/proc/${pid}/fd`)).toEqual(['0', '1', '2']);
    process.kill(pid, 'SIGKILL');
  });

  it('tells which step failed before it and after it', async () => {
    const bad = step('init', 'chdir', { path: '/nowhere' });
    for (const init of [
      [bad, again],
      [again, bad],
    ]) {
      const shim = await start({ argv: ['true'], flags: [], init });
      const failed = await shim.control.line('failed');
      expect(failed.errno).toBe(2);
      expect(failed.n).toBe(shim.control.lines.filter(({ kind }) => kind === 'step').length);
    }
  });
});
