import { describe, expect, it } from 'vitest';
import { SystemError } from '../../../src/errors/errors.ts';
import { cgroupParents, ownCgroup, parseCgroups } from '../../../src/kernel/cgroup.ts';

/** /proc/cgroups is the same everywhere but for numbers. */
const CGROUPS = `#subsys_name\thierarchy\tnum_cgroups\tenabled
cpuset\t3\t2\t1
cpu\t1\t2\t1
cpuacct\t1\t2\t1
blkio\t7\t2\t1
memory\t4\t17\t1
devices\t5\t2\t1
freezer\t6\t2\t1
net_cls\t8\t2\t1
net_prio\t8\t2\t1
pids\t9\t2\t1
`;

const V1 = `25 30 0:23 / /sys rw,nosuid,nodev,noexec,relatime shared:7 - sysfs sysfs rw
32 25 0:27 / /sys/fs/cgroup ro,nosuid,nodev,noexec shared:9 - tmpfs tmpfs ro,mode=755
34 32 0:29 / /sys/fs/cgroup/systemd rw,nosuid,nodev,noexec,relatime shared:11 - cgroup cgroup rw,xattr,name=systemd
37 32 0:32 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid,nodev,noexec,relatime shared:15 - cgroup cgroup rw,cpu,cpuacct
38 32 0:33 / /sys/fs/cgroup/net_cls,net_prio rw,nosuid shared:16 - cgroup cgroup rw,net_cls,net_prio
39 32 0:34 / /sys/fs/cgroup/memory rw,nosuid shared:17 - cgroup cgroup rw,memory
`;

const V2 = `24 1 0:22 / /proc rw,relatime shared:13 - proc proc rw
30 25 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot
`;

/** Inside a container with the host's cgroup namespace each hierarchy shows only a part of its tree. */
const IN_CONTAINER_V1 = `801 800 0:60 / /sys/fs/cgroup rw,nosuid - tmpfs tmpfs rw,mode=755
802 801 0:32 /docker/4fd1 /sys/fs/cgroup/cpu,cpuacct ro,nosuid master:15 - cgroup cgroup rw,cpu,cpuacct
803 801 0:34 /docker/4fd1 /sys/fs/cgroup/memory ro,nosuid master:17 - cgroup cgroup rw,memory
804 801 0:29 /docker/4fd1 /sys/fs/cgroup/systemd ro,nosuid master:11 - cgroup systemd rw,xattr,name=systemd
`;

const IN_CONTAINER_V2 = `1143 1142 0:26 /../../.. /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw,nsdelegate
`;

describe('the arrangement of control groups', () => {
  it('is v2 when only the unified tree is mounted', () => {
    expect(parseCgroups(V2, CGROUPS)).toEqual({
      mode: 'v2',
      root: '/sys/fs/cgroup',
      controllers: [],
    });
  });

  it('is v2 inside a container with a tree that begins above its own root', () => {
    expect(parseCgroups(IN_CONTAINER_V2, CGROUPS)).toMatchObject({
      mode: 'v2',
      root: '/sys/fs/cgroup',
    });
  });

  it('is v1 with pairs of controllers, and leaves named hierarchies out', () => {
    expect(parseCgroups(V1, CGROUPS)).toEqual({
      mode: 'v1',
      hierarchies: [
        {
          name: 'cpu,cpuacct',
          controllers: ['cpu', 'cpuacct'],
          path: '/sys/fs/cgroup/cpu,cpuacct',
        },
        {
          name: 'net_cls,net_prio',
          controllers: ['net_cls', 'net_prio'],
          path: '/sys/fs/cgroup/net_cls,net_prio',
        },
        { name: 'memory', controllers: ['memory'], path: '/sys/fs/cgroup/memory' },
      ],
    });
  });

  it('is v1 inside a container of a v1 host', () => {
    const layout = parseCgroups(IN_CONTAINER_V1, CGROUPS);
    expect(cgroupParents(layout)).toEqual([
      '/sys/fs/cgroup/cpu,cpuacct/petri',
      '/sys/fs/cgroup/memory/petri',
    ]);
  });

  it('is hybrid when a unified tree stands beside v1', () => {
    const unified =
      '42 32 0:28 / /sys/fs/cgroup/unified rw,nosuid shared:10 - cgroup2 cgroup2 rw\n';
    expect(parseCgroups(V1 + unified, CGROUPS).mode).toBe('hybrid');
  });

  it('counts a hierarchy mounted twice once, at its first place', () => {
    const again = '99 1 0:34 / /mnt/memory rw - cgroup cgroup rw,memory\n';
    expect(cgroupParents(parseCgroups(V1 + again, CGROUPS))).not.toContain('/mnt/memory/petri');
  });

  it('says what to do when there is none', () => {
    expect(() => parseCgroups('', CGROUPS)).toThrow(SystemError);
    expect(() => parseCgroups('', CGROUPS)).toThrow(/mount -t cgroup2/);
  });
});

describe('the calling process', () => {
  it('is found in the unified tree', () => {
    expect(ownCgroup('4:memory:/a\n0::/user.slice/x\n')).toBe('/user.slice/x');
  });
  it('is found in the first hierarchy when there is no unified tree', () => {
    expect(ownCgroup('4:memory:/a:b\n3:cpu:/c\n')).toBe('/a:b');
  });
});
