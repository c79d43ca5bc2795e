/**
 * The supervisor may be killed at any time. Containers run on and are found again with the same pids; those that
 * ended meanwhile have their true exit code.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Supervisor } from '../support/supervisor.ts';

let petri: Supervisor;
beforeAll(async () => {
  petri = await Supervisor.start();
});
afterAll(() => petri.remove());

const inspect = async (format: string, ...names: string[]) =>
  (await petri.docker('inspect', '-f', format, ...names)).stdout.trim().split('\n');

/** Numbers that a container printed, one a line. */
async function numbers(name: string): Promise<number[]> {
  return (await petri.docker('logs', name)).stdout.trim().split('\n').map(Number);
}

test('ten kills with five running containers: nothing is lost', async () => {
  const names = ['a', 'b', 'c', 'd', 'e'].map((letter) => `counter-${letter}`);
  for (const name of names)
    expect(
      (
        await petri.docker(
          'run',
          '-d',
          '--name',
          name,
          'busybox',
          'sh',
          '-c',
          'i=0; while :; do echo $i; i=$((i+1)); usleep 20000; done',
        )
      ).code,
    ).toBe(0);
  const identity = '{{.State.Pid}} {{.State.StartedAt}} {{.NetworkSettings.IPAddress}}';
  const before = await inspect(identity, ...names);
  const started = before.map((line) => startTicks(Number(line.split(' ')[0])));
  for (let round = 0; round < 10; round++) {
    await petri.kill();
    await petri.up();
    expect(await inspect(identity, ...names)).toEqual(before);
  }
  expect(before.map((line) => startTicks(Number(line.split(' ')[0])))).toEqual(started);
  for (const name of names) {
    const counted = await numbers(name);
    expect(counted.length).toBeGreaterThan(20);
    expect(counted).toEqual(counted.map((_, i) => i));
  }
  expect((await petri.docker('rm', '-f', ...names)).code).toBe(0);
});

test('who ended while the supervisor was down has its true exit code', async () => {
  const codes = [0, 1, 7, 42, 126, 255];
  for (const code of codes)
    await petri.docker(
      'run',
      '-d',
      '-i',
      '--name',
      `exit-${code}`,
      'busybox',
      'sh',
      '-c',
      `while [ ! -e /go ]; do usleep 10000; done; exit ${code}`,
    );
  await petri.docker('run', '-d', '--name', 'killed', 'busybox', 'sleep', '1000');
  const pids = (await inspect('{{.State.Pid}}', ...codes.map((code) => `exit-${code}`))).map(
    Number,
  );
  const [victim = 0] = (await inspect('{{.State.Pid}}', 'killed')).map(Number);
  await petri.kill();
  const { writeFileSync } = await import('node:fs');
  for (const pid of pids) writeFileSync(`/proc/${pid}/root/go`, '');
  process.kill(victim, 'SIGKILL');
  for (const pid of [...pids, victim]) await gone(pid);
  await petri.up();
  const states = await inspect(
    '{{.State.Status}} {{.State.ExitCode}}',
    ...codes.map((code) => `exit-${code}`),
    'killed',
  );
  expect(states).toEqual([...codes.map((code) => `exited ${code}`), 'exited 137']);
});

test('a container whose shim is killed is ended, recorded and cleaned', async () => {
  await petri.docker('run', '-d', '--name', 'orphan', 'busybox', 'sleep', '1000');
  const [pid = 0] = (await inspect('{{.State.Pid}}', 'orphan')).map(Number);
  const shim = Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  process.kill(shim, 'SIGKILL');
  expect((await petri.docker('wait', 'orphan')).stdout.trim()).toBe('255');
  await gone(pid);
  expect((await inspect('{{.State.Error}}', 'orphan'))[0]).toContain('shim');
  expect((await petri.docker('rm', 'orphan')).code).toBe(0);
});

interface Told {
  Type: string;
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
  timeNano: string;
}

/** All events up to now, as `docker events --since` gives them; the time as its digits. */
async function eventsUntilNow(): Promise<Told[]> {
  const { text } = await petri.api(
    'GET',
    `/events?since=0&until=${((Date.now() + 5) / 1000).toFixed(3)}`,
  );
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line.replace(/"timeNano":(\d+)/, '"timeNano":"$1"')) as Told);
}

test('events go on over kills: what was before is told, what ended meanwhile too, in one order, once', async () => {
  const script = 'while [ ! -e /go ]; do usleep 10000; done; exit 9';
  const { text } = await petri.api('POST', '/containers/create?name=told', {
    Image: 'busybox',
    Cmd: ['sh', '-c', script],
  });
  const { Id } = JSON.parse(text) as { Id: string };
  await petri.api('POST', `/containers/${Id}/start`);
  const before = await eventsUntilNow();
  const [pid = 0] = (await inspect('{{.State.Pid}}', 'told')).map(Number);
  await petri.kill();
  await petri.up();
  expect(await eventsUntilNow()).toEqual(before);
  await petri.kill();
  const { appendFileSync, writeFileSync } = await import('node:fs');
  writeFileSync(`/proc/${pid}/root/go`, '');
  await gone(pid);
  appendFileSync(`${petri.root}/data/events`, '{"type":"container","action":"torn","id":"');
  await petri.up();
  await petri.api('DELETE', `/containers/${Id}`);
  await petri.kill();
  await petri.up();
  const after = await eventsUntilNow();
  expect(after.slice(0, before.length)).toEqual(before);
  const own = after.filter(({ Type, Actor }) => Type === 'container' && Actor.ID === Id);
  expect(own.map(({ Action }) => Action)).toEqual(['create', 'start', 'die', 'destroy']);
  expect(own[2]?.Actor.Attributes).toMatchObject({ exitCode: '9', name: 'told' });
  const times = after.map(({ timeNano }) => BigInt(timeNano));
  expect(times.every((time, i) => i === 0 || time > (times[i - 1] ?? 0n))).toBe(true);
});

test('an end that was recorded, and then the supervisor was killed before it told anybody, is told', async () => {
  await petri.docker('run', '--name', 'untold', 'busybox', 'sh', '-c', 'exit 4');
  await petri.kill();
  const { readFileSync: read, writeFileSync } = await import('node:fs');
  const file = `${petri.root}/data/events`;
  const lines = read(file, 'utf8').split('\n');
  const at = lines.findLastIndex((line) => line.includes('"die"'));
  expect(lines[at]).toContain('untold');
  writeFileSync(file, `${lines.slice(0, at).join('\n')}\n`);
  await petri.up();
  const own = (await eventsUntilNow()).filter(({ Actor }) => Actor.Attributes.name === 'untold');
  expect(own.filter(({ Action }) => Action === 'die')).toHaveLength(1);
  expect(own.at(-1)).toMatchObject({ Action: 'die', Actor: { Attributes: { exitCode: '4' } } });
  await petri.docker('rm', 'untold');
});

/** Field 22 of proc_pid_stat(5). */
function startTicks(pid: number): string | undefined {
  return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19];
}

/** Resolves when no process has this pid any more. */
async function gone(pid: number): Promise<void> {
  const { setTimeout: delay } = await import('node:timers/promises');
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await delay(5);
  }
}
