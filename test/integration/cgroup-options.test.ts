/** Parents of groups, and limits that only some kernels have: each by what the kernel says, and gone with the container. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { HostConfig } from '../../src/container/config.ts';
import { create } from '../../src/container/create.ts';
import { kill } from '../../src/container/kill.ts';
import { pause, unpause } from '../../src/container/pause.ts';
import { cgroupPaths, groupOf, groupRoots } from '../../src/container/plan/cgroup.ts';
import { remove } from '../../src/container/remove.ts';
import type { Container } from '../../src/container/table.ts';
import { update } from '../../src/container/update.ts';
import { type Census, census, expectNoLeak } from '../support/census.ts';
import {
  exitOf,
  launch,
  openTestEngine,
  request,
  run,
  type TestEngine,
} from '../support/engine.ts';
import { execIn } from '../support/exec.ts';

let tested: TestEngine;
let before: Census;
const parent = `petri-test-${process.pid}`;
beforeAll(async () => {
  tested = await openTestEngine();
  await run(tested, ['true']);
});
beforeEach(async () => {
  before = await census({ bridge: tested.options.bridge, runRoot: tested.options.execRoot });
});
afterEach(async () => {
  for (const container of tested.engine.containers.all())
    await remove(tested.engine, container, { force: true, volumes: true });
  await expectNoLeak(before);
  expect(placesOf(parent)).toEqual([]);
});
afterAll(() => tested.close());

const start = (host: Partial<HostConfig>) =>
  launch(tested, ['sleep', '1000'], {}, { NetworkMode: 'none', ...host });
const roots = () => groupRoots(tested.engine.facts);
const isV2 = () => tested.engine.facts.cgroup.mode === 'v2';

/** Where a group of this name is. */
function placesOf(path: string): string[] {
  return roots()
    .map((root) => join(root, path))
    .filter((place) => existsSync(place));
}

function fileOf({ record }: Container, controller: string, name: string): string {
  const group = groupOf({ facts: tested.engine.facts, record }, controller);
  return readFileSync(join(group, name), 'utf8').trim();
}

function pidOf({ record: { state } }: Container): number {
  return 'pid' in state ? state.pid : 0;
}

describe('--cgroup-parent', () => {
  test('makes what is missing, and it goes with the last container in it', async () => {
    const CgroupParent = `/${parent}/deep`;
    const [first, second] = [await start({ CgroupParent }), await start({ CgroupParent })];
    expect(placesOf(`${parent}/deep/${first.id}`)).toHaveLength(roots().length);
    const own = readFileSync(`/proc/${pidOf(first)}/cgroup`, 'utf8');
    expect(own.match(new RegExp(`/${parent}/deep/${first.id}$`, 'gm'))?.length).toBe(
      roots().length,
    );
    await kill(tested.engine, first, 'SIGKILL');
    expect(placesOf(`${parent}/deep`)).toHaveLength(roots().length);
    await kill(tested.engine, second, 'SIGKILL');
    expect(placesOf(parent)).toEqual([]);
  });

  test('has limits, pauses, runs execs and counts as anywhere else', async () => {
    const container = await start({
      CgroupParent: parent,
      Memory: 16 << 20,
      PidsLimit: 9,
      CpusetCpus: '0',
    });
    expect(fileOf(container, 'pids', 'pids.max')).toBe('9');
    expect(fileOf(container, 'memory', isV2() ? 'memory.max' : 'memory.limit_in_bytes')).toBe(
      String(16 << 20),
    );
    expect(fileOf(container, 'cpuset', 'cpuset.cpus')).toBe('0');
    await pause(tested.engine, container);
    expect(container.record.state.status).toBe('paused');
    await unpause(tested.engine, container);
    expect(await execIn(tested, container, ['echo', 'hi'])).toMatchObject({
      stdout: 'hi\n',
      exitCode: 0,
    });
  });

  test('that somebody else has made stays, with its settings', async () => {
    for (const root of roots()) mkdirSync(join(root, parent));
    try {
      const container = await start({ CgroupParent: `${parent}/below` });
      await kill(tested.engine, container, 'SIGKILL');
      expect(placesOf(`${parent}/below`)).toEqual([]);
      expect(placesOf(parent)).toHaveLength(roots().length);
    } finally {
      for (const place of placesOf(parent)) rmdirSync(place);
    }
  });

  test('a start that fails leaves nothing of it', async () => {
    const { id } = await create(
      tested.engine,
      request(['/no/such'], {}, { CgroupParent: `${parent}/a/b` }),
    );
    const { start: startIt } = await import('../../src/container/start.ts');
    await expect(startIt(tested.engine, tested.engine.containers.find(id))).rejects.toThrow(
      '/no/such',
    );
    expect(placesOf(parent)).toEqual([]);
  });

  test('goes also when the engine was away at the end', async () => {
    const container = await start({ CgroupParent: parent });
    const pid = pidOf(container);
    const again = tested.reopen();
    process.kill(pid, 'SIGKILL');
    await again;
    await expect.poll(() => placesOf(parent)).toEqual([]);
  });

  test.each([
    ['..', 'is no name of a group'],
    ['/a/../../b', 'is no name of a group'],
    ['/a/./b', 'is no name of a group'],
    ['a b', 'is no name of a group'],
    ['a\nb', 'is no name of a group'],
    ['/', 'the root of the hierarchy is not a parent'],
    ['user.slice', 'cgroup-parent for systemd cgroup should be a valid slice named as "xxx.slice"'],
    [`petri/${'a'.repeat(64)}`, 'a container is not the parent of another'],
    ['a/'.repeat(17), 'at most 16 groups'],
    ['cgroup.procs', 'is a file of the kernel'],
  ])('%j is refused: %s', async (CgroupParent, why) => {
    await expect(create(tested.engine, request(['true'], {}, { CgroupParent }))).rejects.toThrow(
      why,
    );
  });
});

describe('limits of memory that cgroup v1 alone has', () => {
  test('--oom-kill-disable and --memory-swappiness are in the kernel, or the client is warned', async () => {
    const host = { OomKillDisable: true, MemorySwappiness: 7, Memory: 16 << 20 };
    const { id, warnings } = await create(tested.engine, request(['sleep', '9'], {}, host));
    const container = tested.engine.containers.find(id);
    if (isV2()) {
      expect(warnings.join()).toMatch(/OomKillDisable discarded.*swappiness discarded/);
      return;
    }
    expect(warnings).toEqual([]);
    const { start: startIt } = await import('../../src/container/start.ts');
    await startIt(tested.engine, container);
    expect(fileOf(container, 'memory', 'memory.oom_control')).toMatch(/^oom_kill_disable 1$/m);
    expect(fileOf(container, 'memory', 'memory.swappiness')).toBe('7');
  });

  test('without a limit of memory, no OOM killer is worth a warning', async () => {
    if (isV2()) return;
    const { warnings } = await create(
      tested.engine,
      request(['true'], {}, { OomKillDisable: true }),
    );
    expect(warnings.join()).toContain('but no memory limit is set');
  });
});

describe('block devices', () => {
  const name = readdirSync('/sys/block').find((one) => existsSync(`/dev/${one}`)) ?? '';
  const path = `/dev/${name}`;
  const number = name && readFileSync(`/sys/block/${name}/dev`, 'utf8').trim();

  test('throttles are in the kernel', async () => {
    const container = await start({
      BlkioDeviceReadBps: [{ Path: path, Rate: 1048576 }],
      BlkioDeviceWriteBps: [{ Path: path, Rate: 2097152 }],
      BlkioDeviceReadIOps: [{ Path: path, Rate: 30 }],
      BlkioDeviceWriteIOps: [{ Path: path, Rate: 40 }],
    });
    if (isV2()) {
      expect(fileOf(container, 'io', 'io.max')).toBe(
        `${number} rbps=1048576 wbps=2097152 riops=30 wiops=40`,
      );
      return;
    }
    const files = ['read_bps', 'write_bps', 'read_iops', 'write_iops'];
    const kept = files.map((file) => fileOf(container, 'blkio', `blkio.throttle.${file}_device`));
    expect(kept).toEqual([1048576, 2097152, 30, 40].map((rate) => `${number} ${rate}`));
  });

  test('a weight is in the kernel, and can be changed while it runs', async () => {
    const container = await start({ BlkioWeight: 300 });
    const file = ['blkio.weight', 'blkio.bfq.weight', 'io.bfq.weight', 'io.weight'].find((one) =>
      tested.engine.facts.groupFiles.includes(one),
    );
    if (!file) {
      expect(container.record.hostConfig.BlkioWeight).toBe(0);
      return;
    }
    const controller = isV2() ? 'io' : 'blkio';
    expect(fileOf(container, controller, file)).toMatch(/\b300$|^default \d+/);
    await update(tested.engine, container, { BlkioWeight: 500 }, () => undefined);
    expect(fileOf(container, controller, file)).toMatch(/\b500$|^default \d+/);
  });

  test.each<[Partial<HostConfig>, string]>([
    [{ BlkioWeight: 9 }, 'Range of blkio weight is from 10 to 1000'],
    [
      { BlkioWeightDevice: [{ Path: '/dev/null', Weight: 5 }] },
      'invalid weight for device: /dev/null:5',
    ],
    [{ BlkioDeviceReadBps: [{ Path: '/dev/null', Rate: 1 }] }, 'it is not a block device'],
    [{ BlkioDeviceReadBps: [{ Path: '/dev/nosuch', Rate: 1 }] }, 'no such file or directory'],
    [
      { BlkioDeviceReadBps: [{ Path: '/dev/null', Rate: 0 }] },
      'invalid rate for device: /dev/null:0',
    ],
    [{ BlkioDeviceWriteIOps: [{ Path: 'null', Rate: 1 }] }, 'bad format for device path: null'],
  ])('%j: %s', async (host, why) => {
    await expect(create(tested.engine, request(['true'], {}, host))).rejects.toThrow(why);
  });
});

test('all groups of an ordinary container are where they were', async () => {
  const container = await start({});
  const { facts } = tested.engine;
  for (const path of cgroupPaths({ facts, record: container.record })) {
    expect(path).toMatch(new RegExp(`/petri/${container.id}$`));
    expect(statSync(path).mode & 0o1000).toBe(0);
  }
  await kill(tested.engine, container, 'SIGKILL');
  await exitOf(tested, container);
  expect(placesOf('petri')).toHaveLength(roots().length);
});
