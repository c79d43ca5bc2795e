/** What control groups, /proc and ps say, as text captured on real machines → figures. */
import { describe, expect, test } from 'vitest';
import { portLines } from '../../src/cli/commands/port.ts';
import { cpuShare, statsContext, statsUnknown, usedMemory } from '../../src/cli/format/stats.ts';
import { psColumns, psTable } from '../../src/container/ps.ts';
import { parseInterfaces, parseSystemCpu } from '../../src/container/stats.ts';
import { parsePs } from '../../src/container/top.ts';
import { usageV1, usageV2, v1Files, v2Files } from '../../src/kernel/cgroup-usage.ts';
import { parseProcess } from '../../src/kernel/processes.ts';

const files = (texts: Record<string, string>) => (controller: string, name: string) =>
  texts[`${controller}/${name}`] ?? '';

const v2 = {
  'cpu/cpu.stat':
    'usage_usec 1234567\nuser_usec 1000000\nsystem_usec 234567\nnice_usec 0\ncore_sched.force_idle_usec 0\nnr_periods 10\nnr_throttled 3\nthrottled_usec 4500\nnr_bursts 0\nburst_usec 0\n',
  'memory/memory.current': '8388608\n',
  'memory/memory.max': '67108864\n',
  'memory/memory.stat': 'anon 1048576\nfile 4194304\ninactive_file 2097152\nactive_file 4096\n',
  'io/io.stat':
    '259:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n8:16 rbytes=512 wbytes=0 rios=1 wios=0 dbytes=0 dios=0\n7:0 \n',
  'pids/pids.current': '2\n',
  'pids/pids.max': 'max\n',
};
const v1 = {
  'cpuacct/cpuacct.usage': '1234567000\n',
  'cpuacct/cpuacct.stat': 'user 100\nsystem 23\n',
  'cpuacct/cpuacct.usage_percpu': '1000000000 234567000 \n',
  'cpu/cpu.stat': 'nr_periods 10\nnr_throttled 3\nthrottled_time 4500000\n',
  'memory/memory.usage_in_bytes': '8388608\n',
  'memory/memory.max_usage_in_bytes': '9000000\n',
  'memory/memory.limit_in_bytes': '9223372036854771712\n',
  'memory/memory.stat': 'cache 1\ninactive_file 5\ntotal_inactive_file 2097152\n',
  'blkio/blkio.throttle.io_service_bytes_recursive':
    '8:0 Read 4096\n8:0 Write 8192\n8:0 Sync 0\n8:0 Async 0\n8:0 Discard 0\n8:0 Total 12288\nTotal 12288\n',
  'pids/pids.current': '2\n',
  'pids/pids.max': '2048\n',
};

describe('control groups', () => {
  test('v2: every file that is read', () => {
    const names = Object.entries(v2Files).flatMap(([key, list]) =>
      list.map((name) => `${key}/${name}`),
    );
    expect(names.sort()).toEqual(Object.keys(v2).sort());
    expect(usageV2(files(v2))).toEqual({
      cpu: {
        totalNs: 1234567000,
        userNs: 1e9,
        systemNs: 234567000,
        perCpuNs: [],
        periods: 10,
        throttledPeriods: 3,
        throttledNs: 4500000,
      },
      memory: {
        usageBytes: 8388608,
        maxUsageBytes: undefined,
        limitBytes: 67108864,
        stat: { anon: 1048576, file: 4194304, inactive_file: 2097152, active_file: 4096 },
      },
      processes: 2,
      processLimit: undefined,
      ioBytes: [
        { major: 259, minor: 0, op: 'read', value: 4096 },
        { major: 259, minor: 0, op: 'write', value: 8192 },
        { major: 8, minor: 16, op: 'read', value: 512 },
        { major: 8, minor: 16, op: 'write', value: 0 },
      ],
      ioOperations: [
        { major: 259, minor: 0, op: 'read', value: 1 },
        { major: 259, minor: 0, op: 'write', value: 2 },
        { major: 8, minor: 16, op: 'read', value: 1 },
        { major: 8, minor: 16, op: 'write', value: 0 },
      ],
    });
  });
  test('v1: no limit is none, the sum without a device is left out', () => {
    const usage = usageV1(files(v1));
    expect(usage.cpu).toEqual({
      totalNs: 1234567000,
      userNs: 1e9,
      systemNs: 23e7,
      perCpuNs: [1e9, 234567000],
      periods: 10,
      throttledPeriods: 3,
      throttledNs: 4500000,
    });
    expect(usage.memory).toMatchObject({
      usageBytes: 8388608,
      maxUsageBytes: 9000000,
      limitBytes: undefined,
    });
    expect(usage.processLimit).toBe(2048);
    expect(usage.ioBytes.map(({ op }) => op)).toEqual([
      'Read',
      'Write',
      'Sync',
      'Async',
      'Discard',
      'Total',
    ]);
    expect(Object.keys(v1Files)).toContain('blkio');
  });
  test('files that are not there are zero', () => {
    for (const usage of [usageV1(() => ''), usageV2(() => '')])
      expect([usage.cpu.totalNs, usage.memory.usageBytes, usage.ioBytes, usage.processes]).toEqual([
        0,
        0,
        [],
        0,
      ]);
  });
});

test('the network and the machine’s CPUs, from /proc', () => {
  const dev =
    'Inter-|   Receive                                                |  Transmit\n face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0\n  eth0:    1226      15    1    2    0     0          0         0     1306      17    3    4    0     0       0          0\n';
  expect(parseInterfaces(dev)).toEqual({
    eth0: {
      receivedBytes: 1226,
      receivedPackets: 15,
      receivedErrors: 1,
      receivedDropped: 2,
      sentBytes: 1306,
      sentPackets: 17,
      sentErrors: 3,
      sentDropped: 4,
    },
  });
  expect(parseSystemCpu('cpu  10 20 30 40 50 60 70 80 90 0\ncpu0 1 2 3\n')).toBe(280 * 1e7);
});

describe('ps', () => {
  const stat =
    '4711 (a) b (c) S 1 4711 4711 34817 4711 4194304 97 0 0 0 6050 50 0 0 20 0 3 0 1000 4567040 240 18446744073709551615 0 0';
  const status = 'Name:\ta\nUid:\t1000\t33\t33\t33\nGid:\t0\t5\t5\t5\n';
  const one = parseProcess(stat, status, 'sleep\x001 0\x00');
  const moment = {
    nowMs: Date.parse('2026-01-02T12:00:00'),
    bootMs: Date.parse('2026-01-02T11:00:00') - 10_000,
    users: new Map([[33, 'a-very-long-name']]),
    groups: new Map([[5, 'tty']]),
    memoryBytes: 983040 * 4,
  };
  const rowOf = (options: string) => psTable(psColumns(options) ?? [], [one], moment).rows[0];
  test('a name may hold anything', () => {
    expect(one).toMatchObject({
      pid: 4711,
      name: 'a) b (c',
      state: 'S',
      parent: 1,
      effectiveUid: 33,
      gid: 5,
      threads: 3,
      arguments: ['sleep', '1 0'],
    });
    expect(one.terminal).toEqual({ major: 136, minor: 1 });
  });
  test('-ef', () => {
    expect(rowOf('-ef')).toEqual([
      'a-very-+',
      '4711',
      '1',
      '1',
      '11:00',
      'pts/1',
      '00:01:01',
      'sleep 1 0',
    ]);
    expect(rowOf('')).toEqual(rowOf('-e -f'));
  });
  test('-o', () => {
    expect(rowOf('-o pid,comm,etime,%mem,stat,group')).toEqual([
      '4711',
      'a) b (c',
      '01:00:00',
      '25.0',
      'Ss',
      'tty',
    ]);
    expect(rowOf('-eo pid,args')).toEqual(['4711', 'sleep 1 0']);
    for (const others of [
      'aux',
      '-l',
      '-o pid,lstart',
      '-o pid=X',
      '-e',
      '--help',
      '-o toString,pid',
    ])
      expect(psColumns(others), others).toBeUndefined();
    expect(() => psColumns('-o comm')).toThrow("Couldn't find PID field");
  });
  test('control bytes of a process do not reach the terminal', () => {
    const bad = { ...one, name: '\x1b[2J', arguments: ['\x1b]0;x\x07'] };
    const { rows } = psTable(psColumns('-o pid,comm,args') ?? [], [bad], moment);
    expect(rows[0]).toEqual(['4711', '?[2J', '?]0;x?']);
  });
  test('the host’s own: rows of other processes go, the last column keeps its blanks', () => {
    const text = '    PID COMMAND\n      1 /sbin/init\n   4711 sleep  1 0\n';
    expect(parsePs(text, new Set([4711]))).toEqual({
      titles: ['PID', 'COMMAND'],
      rows: [['4711', 'sleep  1 0']],
    });
    expect(() => parsePs('COMMAND\nx\n', new Set())).toThrow("Couldn't find PID");
  });
});

describe('the table of stats', () => {
  const answer = {
    id: 'c'.repeat(64),
    name: '/web',
    cpu_stats: { cpu_usage: { total_usage: 3e9 }, system_cpu_usage: 12e9, online_cpus: 2 },
    precpu_stats: { cpu_usage: { total_usage: 2e9 }, system_cpu_usage: 10e9 },
    memory_stats: { usage: 3 << 20, limit: 60 << 20, stats: { inactive_file: 1 << 20 } },
    pids_stats: { current: 4 },
    blkio_stats: {
      io_service_bytes_recursive: [
        { op: 'read', value: 1000 },
        { op: 'Write', value: 2048 },
        { op: 'Total', value: 9 },
      ],
    },
    networks: { eth0: { rx_bytes: 1050, tx_bytes: 7 }, eth1: { rx_bytes: 1, tx_bytes: 1 } },
  };
  test('has docker’s forms', () => {
    expect(statsContext('web', answer, false)).toEqual({
      BlockIO: '1kB / 2.05kB',
      CPUPerc: '100.00%',
      Container: 'web',
      ID: 'c'.repeat(12),
      MemPerc: '3.33%',
      MemUsage: '2MiB / 60MiB',
      Name: 'web',
      NetIO: '1.05kB / 8B',
      PIDs: '4',
    });
  });
  test('never divides by zero, and takes v1’s name for pages that can be dropped', () => {
    expect(cpuShare({ ...answer, precpu_stats: answer.cpu_stats })).toBe(0);
    expect(
      usedMemory({
        ...answer,
        memory_stats: { usage: 10, stats: { total_inactive_file: 4, inactive_file: 1 } },
      }),
    ).toBe(6);
    expect(
      statsContext(
        'x',
        { ...answer, memory_stats: {}, networks: null, blkio_stats: {}, pids_stats: {} },
        true,
      ),
    ).toMatchObject({
      MemUsage: '0B / 0B',
      MemPerc: '0.00%',
      NetIO: '0B / 0B',
      BlockIO: '0B / 0B',
      PIDs: '0',
    });
    expect(statsUnknown('x', 'x').CPUPerc).toBe('--');
  });
});

test('port: one line for each binding, docker’s words for what is not published', () => {
  const ports = {
    '80/tcp': [
      { HostIp: '0.0.0.0', HostPort: '8080' },
      { HostIp: '::', HostPort: '8080' },
    ],
    '53/udp': [{ HostIp: '', HostPort: '5353' }],
    '9/tcp': null,
  };
  expect(portLines(ports, 'web')).toEqual([
    '53/udp -> :5353',
    '80/tcp -> 0.0.0.0:8080',
    '80/tcp -> [::]:8080',
  ]);
  expect(portLines(ports, 'web', '80')).toEqual(['0.0.0.0:8080', '[::]:8080']);
  expect(portLines(ports, 'web', '53/udp')).toEqual([':5353']);
  expect(() => portLines(ports, 'web', '53')).toThrow(
    "Error: No public port '53' published for web",
  );
  expect(() => portLines(ports, 'web', 'x')).toThrow('Error: invalid port (x)');
});
