/** New limits for a running container, as the kernel has them; and refusals that change nothing. */
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { assertLimits } from '../../src/api/schema/limits.ts';
import { updateRequest } from '../../src/api/schema/update.ts';
import type { HostConfig } from '../../src/container/config.ts';
import { groupOf } from '../../src/container/plan/cgroup.ts';
import { remove } from '../../src/container/remove.ts';
import type { Container } from '../../src/container/table.ts';
import { update } from '../../src/container/update.ts';
import { ConflictError, InvalidError } from '../../src/errors/errors.ts';
import { launch, openTestEngine, type TestEngine } from '../support/engine.ts';

let world: TestEngine;
beforeAll(async () => {
  world = await openTestEngine();
});
afterAll(() => world.close());
afterEach(async () => {
  for (const container of world.engine.containers.all())
    await remove(world.engine, container, { force: true, volumes: true });
});

const mebi = 2 ** 20;
const sleeping = (host: Partial<HostConfig> = {}) => launch(world, ['sleep', '1000'], {}, host);
const change = (container: Container, body: object) =>
  update(world.engine, container, updateRequest(body), (host) =>
    assertLimits(host, world.engine.facts.cpus),
  );
const isV2 = () => world.engine.facts.cgroup.mode === 'v2';

/** What the kernel has: the file of cgroup v2, or of v1. */
function kernel(container: Container, controller: string, v2: string, v1: string): string {
  const group = groupOf({ facts: world.engine.facts, record: container.record }, controller);
  return readFileSync(`${group}/${isV2() ? v2 : v1}`, 'utf8').trim();
}
const memory = (container: Container) =>
  kernel(container, 'memory', 'memory.max', 'memory.limit_in_bytes');
const pids = (container: Container) => kernel(container, 'pids', 'pids.max', 'pids.max');

test('memory, CPUs, set of CPUs and processes take effect at once and are kept', async () => {
  const container = await sleeping({ Memory: 64 * mebi });
  await change(container, {
    Memory: 100 * mebi,
    NanoCpus: 5e8,
    CpuShares: 512,
    CpusetCpus: '0',
    PidsLimit: 50,
  });
  expect(memory(container)).toBe(String(100 * mebi));
  expect(pids(container)).toBe('50');
  expect(kernel(container, 'cpu', 'cpu.max', 'cpu.cfs_quota_us')).toMatch(/^50000/);
  expect(kernel(container, 'cpu', 'cpu.weight', 'cpu.shares')).toBe(isV2() ? '20' : '512');
  expect(kernel(container, 'cpuset', 'cpuset.cpus', 'cpuset.cpus')).toBe('0');
  await world.reopen();
  expect(world.engine.containers.find(container.id).record.hostConfig).toMatchObject({
    Memory: 100 * mebi,
    MemorySwap: 128 * mebi,
    NanoCpus: 5e8,
    CpusetCpus: '0',
    PidsLimit: 50,
  });
});

test.each([
  ['up', 64, 256, 512],
  ['down', 256, 64, 128],
  ['from no limit', 0, 64, 0],
  ['to no limit of swap', 64, 128, -1],
])('memory and swap together, %s', async (_, from, to, swap) => {
  const container = await sleeping({ Memory: from * mebi });
  await change(container, { Memory: to * mebi, MemorySwap: swap < 0 ? swap : swap * mebi });
  expect(memory(container)).toBe(String(to * mebi));
});

test('what stands against what is set is refused with docker’s words', async () => {
  const container = await sleeping({ Memory: 64 * mebi, MemorySwap: 64 * mebi, NanoCpus: 1e9 });
  for (const [body, words, kind] of [
    [{ Memory: 100 * mebi }, /should be smaller than already set memoryswap/, ConflictError],
    [{ CpuQuota: 5000 }, /CPU Quota cannot be updated as NanoCPUs/, ConflictError],
    [{ Memory: 1 }, /Minimum memory limit allowed is 6MB/, InvalidError],
    [{ CpusetCpus: '0-99' }, /Requested CPUs are not available/, InvalidError],
    [{ CpusetCpus: 'x' }, /Invalid value x for cpuset cpus/, InvalidError],
    [{ RestartPolicy: { Name: 'nosuch' } }, /unknown policy 'nosuch'/, InvalidError],
  ] as const) {
    const refused = (async () => change(container, body))();
    await expect(refused).rejects.toThrow(words);
    await expect(refused).rejects.toThrow(kind);
  }
  expect(memory(container)).toBe(String(64 * mebi));
});

test('when the kernel refuses, nothing has changed', async () => {
  const container = await sleeping({ Memory: 64 * mebi });
  const before = container.record;
  // A node of memory that this host does not have.
  const refused = change(container, { Memory: 32 * mebi, PidsLimit: 7, CpusetMems: '63' });
  await expect(refused).rejects.toThrow(/the kernel refuses 63 for cpuset.mems/);
  expect(container.record).toEqual(before);
  expect(memory(container)).toBe(String(64 * mebi));
  expect(pids(container)).not.toBe('7');
});

test('another restart policy counts from now on; not with --rm', async () => {
  const container = await sleeping();
  await change(container, { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 } });
  expect(container.record.hostConfig.RestartPolicy).toEqual({
    Name: 'on-failure',
    MaximumRetryCount: 2,
  });
  const removed = await sleeping({ AutoRemove: true });
  await expect(change(removed, { RestartPolicy: { Name: 'always' } })).rejects.toThrow(
    /AutoRemove is enabled/,
  );
});
