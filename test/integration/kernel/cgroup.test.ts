import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  cgroupParents,
  detectCgroups,
  prepareCgroupParents,
  removeCgroup,
} from '../../../src/kernel/cgroup.ts';
import {
  attachDeviceFilter,
  dockerDeviceRules,
  v1DeviceTexts,
} from '../../../src/kernel/device-filter.ts';
import { writeFile } from '../../../src/kernel/files.ts';
import { parseMountinfo } from '../../../src/kernel/mountinfo.ts';

const layout = detectCgroups();
const NAME = `petri-test-${process.pid}`;
const unified = parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8')).find(
  ({ fstype }) => fstype === 'cgroup2',
)?.target;

let parents: string[];
beforeEach(() => {
  parents = prepareCgroupParents(layout, NAME);
});
afterEach(async () => {
  await Promise.all(parents.map((path) => removeCgroup(path)));
  expect(parents.filter((path) => existsSync(path))).toEqual([]);
});

/** Runs a shell command as a member of a group. */
function runIn(group: string, command: string): string {
  const script = `echo $$ > ${group}/cgroup.procs && exec sh -c "${command}"`;
  const { stdout, stderr } = spawnSync('sh', ['-c', script], { encoding: 'utf8' });
  return stdout + stderr;
}

describe('the engine’s groups', () => {
  it('are there in every hierarchy, ready to take processes, also the second time', () => {
    expect(prepareCgroupParents(layout, NAME)).toEqual(cgroupParents(layout, NAME));
    for (const parent of parents) {
      mkdirSync(join(parent, 'one'));
      expect(runIn(join(parent, 'one'), 'echo in')).toBe('in\n');
    }
  });

  it('are removed with those below them as soon as their last process has ended', async () => {
    const group = join(parents[0] as string, 'one');
    mkdirSync(join(group, 'nested'), { recursive: true });
    const child = spawn('sleep', ['1000']);
    writeFile(join(group, 'nested/cgroup.procs'), String(child.pid));
    await expect(removeCgroup(group, 20)).rejects.toThrow(/EBUSY.*processes are still/);
    const removed = removeCgroup(group);
    child.kill('SIGKILL');
    await Promise.all([removed, once(child, 'exit')]);
    expect(existsSync(group)).toBe(false);
  });
});

describe('the device filter', () => {
  const attempts =
    'head -c1 /dev/zero >/dev/null && echo zero; head -c1 /dev/mem 2>/dev/null >&2 || echo no mem';

  it.skipIf(!unified)('on v2 lets harmless devices be opened and no others', async () => {
    const group = join(unified as string, NAME);
    mkdirSync(group, { recursive: true });
    expect(runIn(group, 'head -c1 /dev/full | wc -c; dd if=/dev/kmsg count=0 2>&1')).not.toMatch(
      /permitted/,
    );
    attachDeviceFilter(group, dockerDeviceRules);
    expect(runIn(group, 'head -c1 /dev/full | wc -c')).toBe('1\n');
    expect(runIn(group, 'dd if=/dev/kmsg count=0')).toMatch(/not permitted/);
    await removeCgroup(group);
  });

  it.skipIf(layout.mode === 'v2')('on v1 does the same by the same rules', () => {
    const group = join(parents.find((path) => path.includes('/devices/')) as string, 'one');
    mkdirSync(group);
    for (const { file, data } of v1DeviceTexts(dockerDeviceRules))
      writeFile(join(group, file), data);
    expect(runIn(group, attempts)).toBe('zero\nno mem\n');
    expect(runIn(group, 'dd if=/dev/kmsg count=0')).toMatch(/not permitted/);
  });
});
