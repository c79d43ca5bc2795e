/** `top` and `stats` against the real kernel: figures of the container, and of nothing else. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { pause, unpause } from '../../src/container/pause.ts';
import { remove } from '../../src/container/remove.ts';
import { takeSample } from '../../src/container/stats.ts';
import { top } from '../../src/container/top.ts';
import { exitOf, launch, openTestEngine, type TestEngine } from '../support/engine.ts';

let tested: TestEngine;
beforeAll(async () => {
  tested = await openTestEngine();
});
afterEach(async () => {
  for (const container of tested.engine.containers.all())
    await remove(tested.engine, container, { force: true, volumes: true });
});
afterAll(() => tested.close());

const pidOf = ({ record }: { record: { state: object } }) => (record.state as { pid: number }).pid;

describe('top', () => {
  test('shows the processes of the container, with pids of the host', async () => {
    const one = await launch(tested, ['sh', '-c', 'sleep 1000 & exec sleep 2000']);
    const { titles, rows } = await top(tested.engine, one, '-ef');
    expect(titles).toEqual(['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD']);
    expect(rows.map((row) => row.at(-1)).sort()).toEqual(['sleep 1000', 'sleep 2000']);
    expect(rows.map((row) => row[1])).toContain(String(pidOf(one)));
    expect(rows[0]?.[0]).toBe('root');
  });
  test.each(['-o pid,comm,args', '-eo pid,user,stat,time,cmd', 'aux', '-o pid,lstart'])(
    '%s as the host’s ps',
    async (options) => {
      const one = await launch(tested, ['sleep', '1234'], { Tty: true, OpenStdin: true });
      const { titles, rows } = await top(tested.engine, one, options);
      expect(titles).toContain('PID');
      expect(rows).toHaveLength(1);
      expect(rows[0]).toContain(String(pidOf(one)));
    },
  );
  test('answers for one that is paused, and refuses one that has ended, or a format without a pid', async () => {
    const one = await launch(tested, ['sleep', '1234']);
    await pause(tested.engine, one);
    expect((await top(tested.engine, one, '')).rows).toHaveLength(1);
    await unpause(tested.engine, one);
    for (const options of ['-o comm', '-o comm,args=PID', '--nosuch'])
      await expect(top(tested.engine, one, options), options).rejects.toMatchObject({
        kind: 'invalid',
      });
    const ended = await launch(tested, ['true']);
    await exitOf(tested, ended);
    await expect(top(tested.engine, ended, '')).rejects.toThrow('is not running');
  });
});

describe('stats', () => {
  test('counts memory, processes, CPU and network of the container', async () => {
    const script = `ping -c 3 -i 0.01 ${tested.engine.networks.defaultBridge.gateway} >/dev/null; dd if=/dev/zero of=/dev/shm/x bs=1M count=20 2>/dev/null; touch /ready; while :; do :; done`;
    const one = await launch(tested, ['sh', '-c', script], {}, { Memory: 64 << 20, PidsLimit: 9 });
    const first = await sampleWhen(
      one,
      ({ usage }) => usage.memory.usageBytes > 20 << 20 && usage.processes === 1,
    );
    expect(first.usage.memory.limitBytes).toBe(64 << 20);
    expect([first.usage.processes, first.usage.processLimit]).toEqual([1, 9]);
    expect(Object.keys(first.interfaces)).toEqual(['eth0']);
    expect(first.interfaces.eth0?.receivedPackets).toBeGreaterThanOrEqual(3);
    const later = await sampleWhen(
      one,
      ({ usage }) => usage.cpu.totalNs > first.usage.cpu.totalNs + 1e8,
    );
    expect(later.systemCpuNs).toBeGreaterThan(first.systemCpuNs);
    expect(later.systemCpuNs - first.systemCpuNs).toBeLessThan(1e12);
  });
  test('has no network of its own with the host’s, and nothing when it does not run', async () => {
    const one = await launch(tested, ['sleep', '1000'], {}, { NetworkMode: 'host' });
    expect((await takeSample(tested.engine, one))?.interfaces).toEqual({});
    const ended = await launch(tested, ['true']);
    await exitOf(tested, ended);
    expect(await takeSample(tested.engine, ended)).toBeUndefined();
  });

  type Sample = NonNullable<Awaited<ReturnType<typeof takeSample>>>;
  async function sampleWhen(
    one: Parameters<typeof takeSample>[1],
    is: (sample: Sample) => boolean,
  ): Promise<Sample> {
    for (;;) {
      const sample = await takeSample(tested.engine, one);
      if (!sample) throw new Error('it has ended');
      if (is(sample)) return sample;
    }
  }
});
