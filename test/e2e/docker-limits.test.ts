/** Limits of disks, parents of groups and log drivers, through docker's command and petri's: set, read back, refused. */
import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DockerSuite } from '../support/docker.ts';

const suite = new DockerSuite();
const disk = `/dev/${readdirSync('/sys/block').find((name) => existsSync(`/dev/${name}`))}`;

describe.each(['docker', 'petri'] as const)('%s', (command) => {
  const run = (...words: string[]) => suite.engine[command](...words);

  it('limits of disks and parents of groups are read back as they were set', async () => {
    const flags = [
      ...['--cgroup-parent', '/petri-e2e', '--blkio-weight', '100'],
      ...['--blkio-weight-device', `${disk}:200`, '--device-read-bps', `${disk}:1mb`],
      ...['--device-write-bps', `${disk}:2048`, '--device-read-iops', `${disk}:30`],
      ...['--device-write-iops', `${disk}:40`],
    ];
    expect((await run('create', '--name', 'limited', ...flags, 'busybox', 'true')).code).toBe(0);
    const [{ HostConfig }] = JSON.parse((await run('inspect', 'limited')).stdout);
    expect(HostConfig).toMatchObject({
      CgroupParent: '/petri-e2e',
      BlkioWeight: 100,
      BlkioWeightDevice: [{ Path: disk, Weight: 200 }],
      BlkioDeviceReadBps: [{ Path: disk, Rate: 1048576 }],
      BlkioDeviceWriteBps: [{ Path: disk, Rate: 2048 }],
      BlkioDeviceReadIOps: [{ Path: disk, Rate: 30 }],
      BlkioDeviceWriteIOps: [{ Path: disk, Rate: 40 }],
    });
    // The weight of one device takes its scheduler to be BFQ, which this one's need not be.
    const others = flags.filter((_, i) => i < 4 || i > 5);
    expect(await run('run', '--rm', ...others, 'busybox', 'true')).toMatchObject({ code: 0 });
  });

  it.each<[string[], string]>([
    [['--blkio-weight', '5'], 'Range of blkio weight is from 10 to 1000'],
    [['--blkio-weight-device', `${disk}:5`], `invalid weight for device: ${disk}:5`],
    [
      ['--device-read-bps', `${disk}:x`],
      `invalid rate for device: ${disk}:x. The correct format is <device-path>:<number>[<unit>]`,
    ],
    [
      ['--device-read-iops', `${disk}:-1`],
      `invalid rate for device: ${disk}:-1. The correct format is <device-path>:<number>.`,
    ],
    [['--device-read-iops', 'sda:1'], 'bad format for device path: sda:1'],
    [['--cgroup-parent', '../x'], 'invalid cgroup-parent'],
    [['--storage-opt', 'size=1g'], 'storage-opt'],
    [['--log-driver', 'bogus'], "logger: no log driver named 'bogus' is registered"],
    [['--log-driver', 'syslog'], '--log-driver is not built yet'],
    [['--log-driver', 'local', '--log-opt', 'tag=x'], "unknown log opt 'tag' for local log driver"],
    [['--log-opt', 'max-file=0'], 'max-file cannot be less than 1'],
  ])('%j: %s', async (flags, message) => {
    const { code, stderr } = await run('run', '--rm', ...flags, 'busybox', 'true');
    expect(code).toBe(125);
    expect(stderr).toContain(message);
  });

  it('the driver local keeps a log, none keeps none and says so', async () => {
    const talk = ['busybox', 'echo', 'hi'];
    await run(
      'run',
      '--name',
      'kept',
      '--log-driver',
      'local',
      '--log-opt',
      'max-size=1m',
      ...talk,
    );
    expect((await run('logs', 'kept')).stdout).toBe('hi\n');
    expect((await run('run', '--name', 'gone', '--log-driver', 'none', ...talk)).stdout).toBe(
      'hi\n',
    );
    expect(await run('logs', 'gone')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('configured logging driver does not support reading'),
    });
    expect(await suite.inspect('{{.HostConfig.LogConfig.Type}}', 'kept')).toBe('local');
    const { status } = await suite.engine.api('GET', '/containers/gone/logs?stdout=1');
    expect(status).toBe(501);
    expect((await run('rm', 'kept', 'gone')).code).toBe(0);
  });
});
