/** What a program that is executed in a running container sees and is, against the real kernel. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endOfExec } from '../../src/container/exec/end.ts';
import type { ExecConfig } from '../../src/container/exec/exec.ts';
import { kill } from '../../src/container/kill.ts';
import { remove } from '../../src/container/remove.ts';
import type { Container } from '../../src/container/table.ts';
import { type Census, census, expectNoLeak } from '../support/census.ts';
import { exitOf, launch, openTestEngine, type TestEngine } from '../support/engine.ts';
import { execIn, execRunning } from '../support/exec.ts';

let engine: TestEngine;
let container: Container;
beforeAll(async () => {
  engine = await openTestEngine();
  // A first process that takes in orphans, as execs leave them.
  const loop = ['sh', '-c', 'while :; do sleep 0.1; done'];
  container = await launch(engine, loop, { Env: ['COLOR=blue', 'SIZE=1'] });
});
afterAll(() => engine.close());

const sh = (script: string, config: Partial<ExecConfig> = {}, input?: string) =>
  execIn(engine, container, ['sh', '-c', script], config, input);
const pidOf = ({ record: { state } }: Container) => ('pid' in state ? state.pid : 0);
const namespaces = (pid: number) =>
  readdirSync(`/proc/${pid}/ns`).map(
    (kind) => `${kind} ${readlinkSync(`/proc/${pid}/ns/${kind}`)}`,
  );

describe('an exec', () => {
  test('prints on both streams and ends with its own exit code', async () => {
    const ran = await sh('echo out; echo err >&2; exit 3');
    expect(ran).toEqual({ stdout: 'out\n', stderr: 'err\n', exitCode: 3 });
  });

  test('is in every namespace of the container and in its groups', async () => {
    const exec = await execRunning(engine, container, ['sleep', '1000']);
    const pid = 'pid' in exec.state ? exec.state.pid : 0;
    expect(namespaces(pid)).toEqual(namespaces(pidOf(container)));
    const groups = (of: number) => readFileSync(`/proc/${of}/cgroup`, 'utf8');
    expect(groups(pid)).toBe(groups(pidOf(container)));
    expect(groups(pid)).toContain(container.id);
    process.kill(pid, 'SIGKILL');
    expect(await endOfExec(exec)).toBe(137);
  });

  test('has descriptors 0, 1, 2 and nothing else', async () => {
    const { stdout } = await sh('ls /proc/self/fd'); // ls itself opens the folder: the fourth
    expect(stdout.trim().split('\n')).toEqual(['0', '1', '2', '3']);
  });

  test('has the capabilities of the container, and all with privileged', async () => {
    const caps = 'grep -E "Cap(Inh|Prm|Bnd)" /proc/self/status';
    const of = async (pid: number) => (await sh(caps.replace('self', String(pid)))).stdout;
    expect((await sh(caps)).stdout).toBe(await of(1));
    const host = readFileSync('/proc/self/status', 'utf8');
    const all = /CapBnd:\t(\w+)/.exec(host)?.[1];
    const { stdout } = await sh(caps, { Privileged: true });
    expect(stdout).toBe(`CapInh:\t0000000000000000\nCapPrm:\t${all}\nCapBnd:\t${all}\n`);
  });

  test('is the user asked for, by the names of the container itself', async () => {
    expect((await sh('id -u; id -g; echo $HOME')).stdout).toBe('0\n0\n/root\n');
    expect((await sh('id -u; id -g', { User: '1000:1001' })).stdout).toBe('1000\n1001\n');
    await sh('echo "eve:x:77:78::/home/eve:/bin/sh" >> /etc/passwd');
    const eve = 'id -u; id -g; echo $HOME; grep CapEff /proc/self/status';
    const { stdout } = await sh(eve, { User: 'eve' });
    expect(stdout).toBe('77\n78\n/home/eve\nCapEff:\t0000000000000000\n');
    await expect(sh('id', { User: 'nobody-here' })).rejects.toThrow(
      'unable to find user nobody-here: no matching entries in passwd file',
    );
  });

  test('a link in place of the passwd file leads nowhere outside', async () => {
    const own = await launch(engine, ['sleep', '1000']);
    const link = 'rm /etc/passwd; ln -s ../../../../../proc/1/root/etc/passwd /etc/passwd';
    await execIn(engine, own, ['sh', '-c', link]);
    await expect(execIn(engine, own, ['id'], { User: 'daemon' })).rejects.toThrow(
      /unable to find user|not a plain file|ELOOP/,
    );
    await remove(engine.engine, own, { force: true, volumes: true });
  });

  test('has the environment of the container and its own on top', async () => {
    const { stdout } = await sh('env | sort', { Env: ['COLOR=red', 'NEW=1', 'SIZE'] });
    expect(stdout).toContain('COLOR=red\n');
    expect(stdout).toContain('NEW=1\n');
    expect(stdout).toContain(`HOSTNAME=${container.id.slice(0, 12)}\n`);
    expect(stdout).not.toMatch(/SIZE=|TERM=/);
  });

  test('stands in its working directory, and is refused one that leads outside', async () => {
    expect((await sh('pwd', { WorkingDir: '/etc' })).stdout).toBe('/etc\n');
    await expect(sh('pwd', { WorkingDir: '/nowhere' })).rejects.toThrow(
      'chdir to cwd ("/nowhere") set in config.json failed: no such file or directory',
    );
    for (let fd = 3; fd < 20; fd++)
      await expect(sh('pwd', { WorkingDir: `/proc/self/fd/${fd}` })).rejects.toThrow(/chdir/);
  });

  test('reads what it is sent to its end', async () => {
    const text = 'line\n'.repeat(50_000);
    const { stdout } = await sh('wc -c; echo done', { AttachStdin: true }, text);
    expect(stdout.trim()).toBe(`${text.length}\ndone`);
  });

  test('has a terminal of the container, of the size asked for', async () => {
    const config = { Tty: true, ConsoleSize: [33, 99] as [number, number] };
    const { stdout } = await sh('tty; stty size; echo $TERM; ls -l /proc/self/fd/0', config);
    expect(stdout).toMatch(/^\/dev\/pts\/\d+\r\n33 99\r\nxterm\r\n.*\/dev\/pts\/\d+\r\n$/);
    const control = 'exec 3<>/dev/tty && echo mine; ps -o pid,sid | grep " $$ "';
    expect((await sh(control, { Tty: true })).stdout).toContain('mine');
  });

  test('in great numbers at once is each its own', async () => {
    const codes = Array.from({ length: 40 }, (_, i) => i);
    const ran = await Promise.all(codes.map((code) => sh(`echo ${code}; exit ${code}`)));
    expect(ran.map(({ stdout, exitCode }) => [stdout, exitCode])).toEqual(
      codes.map((code) => [`${code}\n`, code]),
    );
  });

  test.each([
    ['nosuch', 127, 'exec: "nosuch": executable file not found in $PATH: unknown'],
    ['/no/such', 127, 'exec: "/no/such": stat /no/such: no such file or directory: unknown'],
    ['/etc/passwd', 126, 'exec: "/etc/passwd": permission denied: unknown'],
  ])('of %s ends with %i and docker’s words', async (program, exitCode, words) => {
    const failed = execIn(engine, container, [program]);
    await expect(failed).rejects.toThrow(
      `OCI runtime exec failed: exec failed: unable to start container process: ${words}`,
    );
    await expect(failed).rejects.toMatchObject({ exitCode });
  });
});

describe('the end', () => {
  test('of the container is the end of its execs, told before its own', async () => {
    const own = await launch(engine, ['sleep', '1000']);
    const execs = await Promise.all(
      [1, 2, 3].map(() => execRunning(engine, own, ['sh', '-c', 'trap "" TERM; sleep 1000'])),
    );
    const told: string[] = [];
    const stop = engine.engine.events.subscribe(({ id, action }) => {
      if (id === own.id && action.includes('die')) told.push(action);
    });
    await kill(engine.engine, own, 'KILL');
    await exitOf(engine, own);
    expect(await Promise.all(execs.map(endOfExec))).toEqual([137, 137, 137]);
    expect(told).toEqual(['exec_die', 'exec_die', 'exec_die', 'die']);
    stop();
  });

  test('of the shim is the end of the exec, and of nothing else', async () => {
    const exec = await execRunning(engine, container, ['sleep', '1000']);
    const pid = 'pid' in exec.state ? exec.state.pid : 0;
    const shim = Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[1]);
    process.kill(shim, 'SIGKILL');
    expect(await endOfExec(exec)).toBe(255);
    expect((await sh('echo still here')).stdout).toBe('still here\n');
  });

  test('of the supervisor changes nothing: the next one finds the execs that run', async () => {
    const exec = await execRunning(engine, container, ['sleep', '1000']);
    await engine.reopen();
    const again = engine.engine.containers.find(container.id);
    container = again;
    const found = again.execs.get(exec.id);
    expect(found?.config.Cmd).toEqual(['sleep', '1000']);
    const pid = found && 'pid' in found.state ? found.state.pid : 0;
    process.kill(pid, 'SIGTERM');
    expect(found && (await endOfExec(found))).toBe(143);
    await expect.poll(() => readdirSync(container.paths.execs)).toEqual([]);
  });
});

describe('nothing is left', () => {
  let before: Census;
  const count = () => {
    const { dataRoot, execRoot, bridge } = engine.options;
    return census({ dataRoot, runRoot: execRoot, bridge });
  };

  test('after 200 execs, good and bad', async () => {
    await sh('true');
    await expect.poll(() => readdirSync(container.paths.execs)).toEqual([]);
    before = await count();
    for (let i = 0; i < 40; i++)
      await Promise.all([
        sh('sleep 0.01; exit 1'),
        sh('echo x; (sleep 0.05 &)', { Tty: true }),
        execIn(engine, container, ['nosuch']).catch(() => undefined),
        sh('cat', { AttachStdin: true }, 'text'),
        sh('id', { User: 'nobody-here' }).catch(() => undefined),
      ]);
    await expect.poll(() => readdirSync(container.paths.execs)).toEqual([]);
    await expectNoLeak(before);
  });

  test.each([
    'pidfd_open',
    'posix_spawn',
    'write',
    'setns',
    'capset',
    'getcwd',
    'close_range',
    'setsid',
  ])('when the step %s fails', async (call) => {
    before = await count();
    const { engine: inner } = engine;
    inner.alterPlan = (steps) =>
      steps.map((step) => (step.call === call ? { ...step, ...failing(call) } : step));
    await expect(sh('true')).rejects.toThrow();
    inner.alterPlan = (steps) => steps;
    await expect.poll(() => readdirSync(container.paths.execs)).toEqual([]);
    await expectNoLeak(before);
  });
});

/** Arguments with which the call is refused by the kernel. */
function failing(call: string): object {
  const args: Record<string, object> = {
    pidfd_open: { call: 'open', args: { path: '/nowhere', flags: [], mode: 0 } },
    posix_spawn: { args: { file: 'x', cwd: '/nowhere', inherit: {} } },
  };
  return args[call] ?? { call: 'chdir', args: { path: '/nowhere' } };
}
