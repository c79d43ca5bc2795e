/** Options of `run` that shape a container, each by its effect inside, against the real kernel. */
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { HostConfig } from '../../src/container/config.ts';
import { remove } from '../../src/container/remove.ts';
import { type Census, census, expectNoLeak } from '../support/census.ts';
import { exitOf, launch, openTestEngine, run, type TestEngine } from '../support/engine.ts';
import { execIn } from '../support/exec.ts';

let tested: TestEngine;
let before: Census;
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
});
afterAll(() => tested.close());

const sh = async (script: string, host: Partial<HostConfig> = {}, config: object = {}) =>
  (await run(tested, ['sh', '-c', script], config, { NetworkMode: 'none', ...host })).output;

describe('--tmpfs', () => {
  test('is an empty folder in memory with docker’s flags and the options given', async () => {
    const output = await sh('grep " /data/cache " /proc/mounts; stat -c %a:%u /data/cache', {
      Tmpfs: { '/data/cache': 'size=1m,mode=750,uid=7' },
    });
    expect(output).toBe(
      'tmpfs /data/cache tmpfs rw,nosuid,nodev,noexec,relatime,size=1024k,mode=750,uid=7 0 0\n750:7\n',
    );
  });
  test('holds no more than its size', async () => {
    const output = await sh(
      'dd if=/dev/zero of=/t/f bs=1k count=100 2>/dev/null; stat -c %s /t/f',
      {
        Tmpfs: { '/t': 'size=16k' },
      },
    );
    expect(output).toBe('16384\n');
  });
  test('exec and suid give back what the defaults take', async () => {
    expect(
      await sh(
        'cp /bin/busybox /t/true; /t/true; grep -c "noexec\\|nosuid" /proc/mounts | head -0; grep " /t " /proc/mounts',
        {
          Tmpfs: { '/t': 'exec,suid,dev' },
        },
      ),
    ).toBe('tmpfs /t tmpfs rw,relatime 0 0\n');
  });
  test('and /dev/shm can be written under a root that is read-only', async () => {
    const output = await sh('touch /x 2>&1; touch /t/x /dev/shm/x && echo ok', {
      ReadonlyRootfs: true,
      Tmpfs: { '/t': '' },
    });
    expect(output).toBe('touch: /x: Read-only file system\nok\n');
  });
  test('over /dev/shm and deep below /dev', async () => {
    const output = await sh('grep -E " /dev/(shm|a/b) " /proc/mounts | cut -d" " -f1-3', {
      Tmpfs: { '/dev/shm': 'size=1m', '/dev/a/b': '' },
    });
    expect(output).toBe('shm /dev/shm tmpfs\ntmpfs /dev/shm tmpfs\ntmpfs /dev/a/b tmpfs\n');
  });
});

test('--shm-size', async () => {
  expect(await sh('grep " /dev/shm " /proc/mounts', { ShmSize: 1 << 20 })).toContain('size=1024k');
});

describe('--sysctl', () => {
  test('takes effect in the namespaces of the container and nowhere else', async () => {
    const host = readFileSync('/proc/sys/net/ipv4/ip_default_ttl', 'utf8');
    const output = await sh(
      'cat /proc/sys/net/ipv4/ip_default_ttl /proc/sys/kernel/shmmni /proc/sys/fs/mqueue/msg_max; cat /proc/sys/kernel/sem',
      {
        Sysctls: {
          'net.ipv4.ip_default_ttl': '33',
          'kernel.shmmni': '17',
          'fs.mqueue.msg_max': '5',
          'kernel.sem': '250 32000 32 100',
        },
      },
    );
    expect(output).toBe('33\n17\n5\n250\t32000\t32\t100\n');
    expect(readFileSync('/proc/sys/net/ipv4/ip_default_ttl', 'utf8')).toBe(host);
    expect(readFileSync('/proc/sys/kernel/shmmni', 'utf8')).not.toBe('17\n');
  });
  test('one the kernel does not have stops the start and leaves nothing', async () => {
    await expect(sh('true', { Sysctls: { 'net.nosuch': '1' } })).rejects.toThrow(
      /write\(\/proc\/sys\/net\/nosuch.*ENOENT/,
    );
  });
});

describe('--ulimit', () => {
  test('soft and hard', async () => {
    const Ulimits = [
      { Name: 'nofile', Soft: 100, Hard: 200 },
      { Name: 'core', Soft: -1, Hard: -1 },
    ];
    expect(await sh('ulimit -Sn; ulimit -Hn; ulimit -c', { Ulimits })).toBe(
      '100\n200\nunlimited\n',
    );
  });
  test('beyond what the kernel allows names that limit', async () => {
    const Ulimits = [{ Name: 'nofile', Soft: 2 ** 40, Hard: 2 ** 40 }];
    await expect(sh('true', { Ulimits })).rejects.toThrow(
      /nofile=1099511627776:1099511627776.*EPERM.*fs\/nr_open/,
    );
  });
});

describe('--init', () => {
  test('the program is the child of an init that is not a file of the container', async () => {
    const script =
      'cat /proc/1/comm; tr "\\0" " " < /proc/1/cmdline; echo; readlink /proc/1/exe; ls /proc/1/fd | tr "\\n" " "; echo $(($$ > 1))';
    expect(await sh(script, { Init: true })).toBe(
      `docker-init\n/sbin/docker-init -- sh -c ${script} \n/memfd:petri-init (deleted)\n0 1 2 1\n`,
    );
  });
  test('reaps what is orphaned', async () => {
    const script =
      '(sh -c "sleep 0.05 & sh -c :" &) ; while [ $(ls -d /proc/[0-9]* 2>/dev/null | wc -l) -gt 4 ]; do usleep 10000; done; grep -c "State:.Z" /proc/[0-9]*/status | grep -c ":1"';
    expect(await sh(script, { Init: true })).toBe('0\n');
  });
  test('passes signals on and ends as the program ends', async () => {
    const container = await launch(
      tested,
      ['sh', '-c', 'trap "exit 9" USR1; touch /ready; while :; do sleep 0.01; done'],
      {},
      { Init: true, NetworkMode: 'none' },
    );
    const { pid } = container.record.state as { pid: number };
    for (;;) {
      try {
        statSync(`/proc/${pid}/root/ready`);
        break;
      } catch {
        await new Promise(setImmediate);
      }
    }
    process.kill(pid, 'SIGUSR1');
    expect((await exitOf(tested, container)).exitCode).toBe(9);
  });
  test('works as a user, with a terminal, and tells what cannot be found', async () => {
    expect(await sh('id -u', { Init: true }, { User: '1000' })).toBe('1000\n');
    expect(await sh('tty', { Init: true }, { Tty: true })).toBe('/dev/pts/0\r\n');
    const { exitCode } = await run(tested, ['nosuch'], {}, { Init: true, NetworkMode: 'none' });
    expect(exitCode).toBe(127);
  });
});

test('--group-add and --oom-score-adj', async () => {
  expect(
    await sh('id -G; cat /proc/self/oom_score_adj', { GroupAdd: ['tty', '77'], OomScoreAdj: 321 }),
  ).toMatch(/^0 .*5.* 77\n321\n$/);
});

describe('namespaces', () => {
  const links = (...types: string[]) =>
    types.map((type) => `readlink /proc/self/ns/${type}`).join(';');
  const hosts = (...types: string[]) =>
    types.map((type) => `${readlinkSync(`/proc/self/ns/${type}`)}\n`).join('');

  test('--pid, --ipc, --uts, --cgroupns host', async () => {
    const output = await sh(links('pid', 'ipc', 'uts', 'cgroup'), {
      PidMode: 'host',
      IpcMode: 'host',
      UTSMode: 'host',
      CgroupnsMode: 'host',
    });
    expect(output).toBe(hosts('pid', 'ipc', 'uts', 'cgroup'));
  });
  test('--ipc host comes with the host’s /dev/shm, --ipc none without any', async () => {
    const device = String(statSync('/dev/shm').dev);
    expect(await sh('stat -c %d /dev/shm', { IpcMode: 'host' })).toBe(`${device}\n`);
    expect(await sh('ls -d /dev/shm 2>&1', { IpcMode: 'none' })).toContain('No such file');
  });
  test('--pid host: nothing of the container outlives it', async () => {
    const container = await launch(
      tested,
      ['sh', '-c', 'setsid sleep 1234 >/dev/null 2>&1 </dev/null & exit 4'],
      {},
      { PidMode: 'host', NetworkMode: 'none' },
    );
    expect((await exitOf(tested, container)).exitCode).toBe(4);
  });
  test('--pid host: nor does what still holds its output', async () => {
    const container = await launch(
      tested,
      ['sh', '-c', 'sleep 1234 & exit 5'],
      {},
      { PidMode: 'host', NetworkMode: 'none' },
    );
    expect((await exitOf(tested, container)).exitCode).toBe(5);
  });

  test('an exec is in them too', async () => {
    const host = { PidMode: 'host', IpcMode: 'host', NetworkMode: 'host', Init: true };
    const container = await launch(tested, ['sleep', '1000'], {}, { ...host, Tmpfs: { '/t': '' } });
    const script = `${links('pid', 'ipc', 'net')}; grep -c " /t " /proc/mounts`;
    expect((await execIn(tested, container, ['sh', '-c', script])).stdout).toBe(
      `${hosts('pid', 'ipc', 'net')}1\n`,
    );
  });

  describe('of another container', () => {
    const donor = () =>
      launch(
        tested,
        ['sh', '-c', 'echo shared > /dev/shm/x; touch /ready; exec sleep 1000'],
        { Hostname: 'donor' },
        { IpcMode: 'shareable' },
      );
    test('--network: its interfaces, its name, its files', async () => {
      const one = await donor();
      const ip =
        one.record.endpoints.bridge?.ipAddress ?? Object.values(one.record.endpoints)[0]?.ipAddress;
      const output = await sh('hostname; ip -4 -o addr show eth0; cat /etc/hosts', {
        NetworkMode: `container:${one.name}`,
      });
      expect(output).toMatch(/^donor\n/);
      expect(output).toContain(`inet ${ip}/`);
      expect(output).toContain(`${ip}\tdonor`);
    });
    test('--pid: its processes', async () => {
      const one = await donor();
      expect(
        await sh('cat /proc/1/cmdline | tr "\\0" " "', { PidMode: `container:${one.id}` }),
      ).toMatch(/^(sleep 1000|sh -c .*) $/);
    });
    test('--ipc: its memory, only if it is shareable', async () => {
      const one = await donor();
      const { pid } = one.record.state as { pid: number };
      const output = await sh(
        `${links('ipc')}; until [ -s /dev/shm/x ]; do :; done; cat /dev/shm/x`,
        {
          IpcMode: `container:${one.id}`,
        },
      );
      expect(output).toBe(`${readlinkSync(`/proc/${pid}/ns/ipc`)}\nshared\n`);
      const closed = await launch(tested, ['sleep', '1000'], {}, { NetworkMode: 'none' });
      await expect(sh('true', { IpcMode: `container:${closed.id}` })).rejects.toThrow(
        'non-shareable IPC',
      );
    });
    test('that does not run, or is not there, is refused', async () => {
      const one = await launch(tested, ['true'], {}, { NetworkMode: 'none' });
      await exitOf(tested, one);
      await expect(sh('true', { NetworkMode: `container:${one.id}` })).rejects.toThrow(
        `cannot join network of a non running container: ${one.id}`,
      );
      await expect(sh('true', { PidMode: 'container:nosuch' })).rejects.toThrow(
        'No such container: nosuch',
      );
    });
  });
});

describe('--privileged', () => {
  test('has all capabilities, none inheritable; nothing masked; devices of the host', async () => {
    const output = await sh(
      [
        'grep -E "Cap(Inh|Eff|Bnd|Amb)" /proc/self/status | cut -f2 | tr "\\n" " "; echo',
        'grep -c " /proc/" /proc/mounts; grep -E " (/sys|/proc) " /proc/mounts | grep -c "ro,"',
        'ls /dev | wc -l; mkdir /m; mount -t tmpfs t /m && echo mounted',
      ].join('; '),
      { Privileged: true },
    );
    const mask = /CapPrm:\s+(\w+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    const zero = '0'.repeat(16);
    const [caps, masked, readOnly, devices, mounted] = output.split('\n');
    expect(caps?.split(' ')).toEqual([zero, mask, mask, zero, '']);
    expect([masked, readOnly, mounted]).toEqual(['0', '0', 'mounted']);
    expect(Number(devices)).toBeGreaterThan(20);
  });
  test('may open every device, another may not', async () => {
    const script = 'mknod /k c 1 11; (: < /k) 2>&1 && echo opened';
    const CapAdd = ['SYSLOG'];
    expect(await sh(script, { Privileged: true })).toBe('opened\n');
    expect(await sh(script, { CapAdd })).toContain('Operation not permitted');
  });
});

describe('--device', () => {
  const Devices = [
    { PathOnHost: '/dev/kmsg', PathInContainer: '/dev/sub/log', CgroupPermissions: 'r' },
  ];
  test('makes the node with the host’s permissions, and opens as far as it is allowed', async () => {
    const output = await sh(
      'stat -c "%F %t:%T %a" /dev/sub/log; (: < /dev/sub/log) && echo r; (: > /dev/sub/log) 2>&1',
      { Devices, CapAdd: ['SYSLOG'] },
    );
    const mode = (statSync('/dev/kmsg').mode & 0o777).toString(8);
    expect(output).toBe(
      `character special file 1:b ${mode}\nr\nsh: can't create /dev/sub/log: Operation not permitted\n`,
    );
  });
  test('that is not there', async () => {
    await expect(
      sh('true', {
        Devices: [
          { PathOnHost: '/dev/nosuch', PathInContainer: '/dev/x', CgroupPermissions: 'rwm' },
        ],
      }),
    ).rejects.toThrow(
      'error gathering device information while adding custom device "/dev/nosuch"',
    );
  });
  test('--device-cgroup-rule: what the container makes itself may be opened', async () => {
    expect(
      await sh('mknod /k c 1 11; (: < /k) && echo opened', {
        DeviceCgroupRules: ['c 1:11 r', 'c 1:11 m'],
        CapAdd: ['SYSLOG'],
      }),
    ).toBe('opened\n');
  });
});

test('--security-opt no-new-privileges', async () => {
  const script = 'grep NoNewPrivs /proc/self/status | cut -f2';
  expect(await sh(script, { SecurityOpt: ['no-new-privileges'] })).toBe('1\n');
  expect(await sh(script, { SecurityOpt: ['no-new-privileges:true', 'seccomp=unconfined'] })).toBe(
    '1\n',
  );
  expect(await sh(script, { SecurityOpt: ['no-new-privileges=false'] })).toBe('0\n');
});
