/** What dockerode's users lean on: codes, execs, archives, images, health, options read back, streams that go on. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { PassThrough, type Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Supervisor } from '../support/supervisor.ts';
import { archive, entry } from '../unit/tar-archive.ts';

let petri: Supervisor;
let docker: Docker;
beforeAll(async () => {
  petri = await Supervisor.start();
  docker = new Docker({ socketPath: petri.socket });
});
afterAll(() => petri.remove());

/** What GNU tar finds in an archive. */
function namesIn(bytes: Buffer): string[] {
  return execFileSync('tar', ['tf', '-'], { input: bytes }).toString().trim().split('\n');
}

/** A container that runs, gone after the test's own part. */
async function withContainer(
  options: Partial<Docker.ContainerCreateOptions>,
  use: (container: Docker.Container) => Promise<void>,
): Promise<void> {
  const container = await docker.createContainer({
    Image: 'busybox',
    Cmd: ['sleep', '1000'],
    ...options,
  });
  try {
    await container.start();
    await use(container);
  } finally {
    await container.remove({ force: true, v: true });
  }
}

describe('codes', () => {
  const status = async (method: string, path: string, body?: unknown) =>
    (await petri.api(method, path, body)).status;

  test('of a life: 201, 204, 304 when it is so already, 409 when it cannot be, 404 when it is not', async () => {
    const body = { Image: 'busybox', Cmd: ['sleep', '1000'] };
    expect(await status('POST', '/containers/create?name=life', body)).toBe(201);
    expect(await status('POST', '/containers/create?name=life', body)).toBe(409);
    expect(await status('POST', '/containers/create', { ...body, Image: 'nosuch' })).toBe(404);
    expect(await status('POST', '/containers/life/stop')).toBe(304);
    expect(await status('POST', '/containers/life/start')).toBe(204);
    expect(await status('POST', '/containers/life/start')).toBe(304);
    expect(await status('DELETE', '/containers/life')).toBe(409);
    expect(await status('POST', '/containers/life/pause')).toBe(204);
    expect(await status('POST', '/containers/life/pause')).toBe(409);
    expect(await status('POST', '/containers/life/unpause')).toBe(204);
    expect(await status('POST', '/containers/life/stop?t=0')).toBe(204);
    expect(await status('POST', '/containers/life/kill')).toBe(409);
    expect(await status('DELETE', '/containers/life')).toBe(204);
    expect(await status('DELETE', '/containers/life')).toBe(404);
    expect(await status('GET', '/containers/life/json')).toBe(404);
  });

  test('of a program that is not there: 400, and the container is there, with docker’s exit code', async () => {
    const container = await docker.createContainer({ Image: 'busybox', Cmd: ['nosuch'] });
    await expect(container.start()).rejects.toMatchObject({ statusCode: 400 });
    expect((await container.inspect()).State).toMatchObject({ Status: 'created', ExitCode: 127 });
    await container.remove();
  });

  test.each([
    ['GET', '/swarm'],
    ['POST', '/swarm/init'],
    ['GET', '/nodes'],
    ['POST', '/session'],
  ])('%s %s: a clean error with a message', async (method, path) => {
    const answer = await petri.api(method, path);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(JSON.parse(answer.text)).toEqual({ message: expect.any(String) });
    expect((await petri.api('GET', '/_ping')).status).toBe(200);
  });
});

describe('streams', () => {
  test('attach replays the log before what comes live', async () => {
    const line = 'echo early; until [ -e /go ]; do usleep 5000; done; echo late';
    await withContainer({ Cmd: ['sh', '-c', line], Tty: true }, async (container) => {
      const output = await container.attach({ stream: true, logs: true, stdout: true });
      await once(output, 'readable');
      const exec = await container.exec({ Cmd: ['touch', '/go'] });
      await exec.start({ Detach: true });
      expect(await text(output as unknown as Readable)).toBe('early\r\nlate\r\n');
    });
  });

  test('stats once and streamed, top, changes, export', async () => {
    await withContainer(
      { Cmd: ['sh', '-c', 'echo x > /mine; exec sleep 1000'] },
      async (container) => {
        const once_ = await container.stats({ stream: false });
        expect(once_.memory_stats.usage).toBeGreaterThan(0);
        expect(once_.precpu_stats.cpu_usage.total_usage).toBeGreaterThan(0);
        const stream = (await container.stats({ stream: true })) as Readable;
        const [first] = await once(stream, 'data');
        expect(JSON.parse(`${first}`)).toMatchObject({ pids_stats: { current: 1 } });
        stream.destroy();
        const { Titles, Processes } = await container.top({ ps_args: '-o pid,comm' });
        expect([Titles, Processes[0][1]]).toEqual([['PID', 'COMMAND'], 'sleep']);
        expect(await container.changes()).toEqual([{ Path: '/mine', Kind: 1 }]);
        expect(namesIn(await buffer(await container.export()))).toContain('mine');
      },
    );
  });

  test('events of a name, as they happen', async () => {
    const events = (await docker.getEvents({ filters: { container: ['seen'] } })) as Readable;
    const seen: string[] = [];
    events.on('data', (chunk) => {
      for (const line of `${chunk}`.trim().split('\n')) seen.push(JSON.parse(line).Action);
      events.emit('more');
    });
    await withContainer({ name: 'seen' }, async () => undefined);
    while (!seen.includes('destroy')) await once(events, 'more');
    expect(seen).toEqual(['create', 'start', 'kill', 'die', 'destroy']);
    events.destroy();
  });

  test('resize of a container’s and an exec’s terminal', async () => {
    await withContainer({ Tty: true, OpenStdin: true }, async (container) => {
      await container.resize({ h: 41, w: 121 });
      const sizeOf = async (command: string[]) => {
        const exec = await container.exec({ Cmd: command, AttachStdout: true });
        const output = new PassThrough();
        const stream = await exec.start({});
        container.modem.demuxStream(stream, output, output);
        stream.on('end', () => output.end());
        return text(output);
      };
      expect(await sizeOf(['sh', '-c', 'stty size < /proc/1/fd/0'])).toBe('41 121\n');
      const shell = await container.exec({
        Cmd: ['cat'],
        Tty: true,
        AttachStdin: true,
        AttachStdout: true,
      });
      const stream = await shell.start({ hijack: true, stdin: true, Tty: true });
      await shell.resize({ h: 12, w: 34 });
      const line = 'until p=$(pidof cat); do usleep 5000; done; stty size < /proc/$p/fd/0';
      expect(await sizeOf(['sh', '-c', line])).toBe('12 34\n');
      stream.end('\x04');
    });
  });
});

describe('exec', () => {
  test('tells whether it runs, its pid and its exit code', async () => {
    await withContainer({}, async (container) => {
      const exec = await container.exec({
        Cmd: ['sh', '-c', 'read x; exit 5'],
        AttachStdin: true,
        AttachStdout: true,
      });
      expect(await exec.inspect()).toMatchObject({ Running: false, ExitCode: null });
      const stream = await exec.start({ hijack: true, stdin: true });
      let running = await exec.inspect();
      while (running.Running && running.Pid === 0) running = await exec.inspect();
      expect(running).toMatchObject({ Running: true, ExitCode: null, ContainerID: container.id });
      expect(running.Pid).toBeGreaterThan(1);
      stream.end('go\n');
      stream.resume();
      await once(stream, 'close');
      expect(await exec.inspect()).toMatchObject({ Running: false, ExitCode: 5 });
    });
  });

  test('tells on its stream why it could not be started', async () => {
    await withContainer({}, async (container) => {
      const exec = await container.exec({ Cmd: ['nosuch'], AttachStdout: true, Tty: true });
      const stream = await exec.start({ Tty: true });
      expect(await text(stream as unknown as Readable)).toContain(
        'exec: "nosuch": executable file not found in $PATH',
      );
      expect((await exec.inspect()).ExitCode).toBe(127);
    });
  });
});

describe('archives', () => {
  test.each(['created', 'running', 'exited'])(
    'in and out of a %s one, with the stat header',
    async (state) => {
      const container = await docker.createContainer({ Image: 'busybox', Cmd: ['sleep', '1000'] });
      if (state !== 'created') await container.start();
      if (state === 'exited') await container.stop({ t: 0 });
      await container.putArchive(archive(entry({ name: 'deep/file', body: 'content\n' })), {
        path: '/tmp',
      });
      const { headers } = (await container.infoArchive({ path: '/tmp/deep/file' })) as unknown as {
        headers: Record<string, string>;
      };
      const stat = JSON.parse(
        Buffer.from(`${headers['x-docker-container-path-stat']}`, 'base64').toString(),
      );
      expect(stat).toMatchObject({ name: 'file', size: 8, linkTarget: '' });
      const bytes = await buffer((await container.getArchive({ path: '/tmp/deep' })) as Readable);
      expect(namesIn(bytes)).toEqual(['deep/', 'deep/file']);
      await expect(container.getArchive({ path: '/nosuch' })).rejects.toMatchObject({
        statusCode: 404,
      });
      await container.remove({ force: true });
    },
  );
});

describe('images', () => {
  test('import, tag, list, history, commit, remove, prune', async () => {
    const stream = await docker.importImage(createReadStream('build/busybox.tar'), {
      repo: 'rode',
      tag: 'one',
      changes: 'ENV A=b',
    });
    expect(await text(stream as unknown as Readable)).toContain('sha256:');
    const image = docker.getImage('rode:one');
    await image.tag({ repo: 'rode', tag: 'two' });
    const [listed] = await docker.listImages({ filters: { reference: ['rode'] } });
    expect(listed?.RepoTags?.sort()).toEqual(['rode:one', 'rode:two']);
    expect(await image.history()).toHaveLength(1);
    await withContainer({ Image: 'rode:one' }, async (container) => {
      const { Id } = await container.commit({
        comment: 'why',
        author: 'who',
        changes: 'CMD ["echo","made"]',
      });
      expect(await docker.getImage(Id).inspect()).toMatchObject({
        Comment: 'why',
        Author: 'who',
        Config: { Cmd: ['echo', 'made'], Env: expect.arrayContaining(['A=b']) },
      });
      expect(await docker.getImage(Id).history()).toHaveLength(2);
    });
    await image.remove();
    expect(await docker.getImage('rode:two').remove()).toContainEqual({ Untagged: 'rode:two' });
    const pruned = await docker.pruneImages();
    expect(pruned.SpaceReclaimed).toBeGreaterThanOrEqual(0);
    expect(pruned.ImagesDeleted ?? []).toBeInstanceOf(Array);
    await expect(image.inspect()).rejects.toMatchObject({ statusCode: 404 });
  });
});

describe('what is told', () => {
  test('State.Health', async () => {
    const Healthcheck = {
      Test: ['CMD', 'test', '-e', '/etc/passwd'],
      Interval: 50e6,
      Timeout: 1e9,
      Retries: 1,
    };
    await withContainer({ Healthcheck } as never, async (container) => {
      const health = async () => (await container.inspect()).State.Health;
      expect(await health()).toMatchObject({ Status: expect.stringMatching(/starting|healthy/) });
      while ((await health())?.Status !== 'healthy');
      const { FailingStreak, Log } = (await health()) ?? {};
      expect([FailingStreak, Log?.[0]?.ExitCode]).toEqual([0, 0]);
    });
  });

  const options = {
    Binds: ['/tmp:/host:ro'],
    NetworkMode: 'none',
    RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
    CapAdd: ['NET_ADMIN'],
    CapDrop: ['CHOWN'],
    CgroupnsMode: 'private',
    Dns: ['9.9.9.9'],
    DnsOptions: ['ndots:2'],
    DnsSearch: ['example.com'],
    ExtraHosts: ['db:10.1.2.3'],
    GroupAdd: ['56'],
    IpcMode: 'shareable',
    OomScoreAdj: 100,
    PidMode: 'host',
    Privileged: false,
    ReadonlyRootfs: true,
    SecurityOpt: ['no-new-privileges'],
    Tmpfs: { '/t': 'size=1m' },
    UTSMode: 'host',
    ShmSize: 1 << 20,
    Sysctls: { 'net.ipv4.ip_forward': '0' },
    Init: true,
    CpuShares: 512,
    Memory: 64 << 20,
    MemoryReservation: 32 << 20,
    MemorySwap: 128 << 20,
    CpuPeriod: 100_000,
    CpuQuota: 50_000,
    CpusetCpus: '0',
    CpusetMems: '0',
    Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/dev/mine', CgroupPermissions: 'rwm' }],
    DeviceCgroupRules: ['c 1:3 rw'],
    PidsLimit: 50,
    Ulimits: [{ Name: 'nofile', Soft: 100, Hard: 200 }],
    LogConfig: { Type: 'json-file', Config: { 'max-size': '1m' } },
    AutoRemove: false,
    ConsoleSize: [31, 97],
    MaskedPaths: ['/proc/kcore'],
    ReadonlyPaths: ['/proc/sys'],
    Mounts: [{ Type: 'tmpfs', Target: '/m' }],
    Annotations: { who: 'rode' },
  };
  test('every option of HostConfig as it was set', async () => {
    const container = await docker.createContainer({
      Image: 'busybox',
      Cmd: ['true'],
      HostConfig: options,
    } as never);
    expect((await container.inspect()).HostConfig).toMatchObject(options);
    await container.remove();
  });

  test('prunes tell what they took, also when it is nothing', async () => {
    expect(await docker.pruneContainers()).toEqual({ ContainersDeleted: null, SpaceReclaimed: 0 });
    const { id } = await docker.createContainer({ Image: 'busybox', Labels: { go: 'yes' } });
    expect(await docker.pruneContainers({ filters: { label: ['go=no'] } })).toMatchObject({
      ContainersDeleted: null,
    });
    expect(
      await docker.pruneContainers({ filters: { label: { 'go=yes': true } } } as never),
    ).toMatchObject({ ContainersDeleted: [id] });
    expect(await docker.pruneVolumes()).toEqual({ VolumesDeleted: null, SpaceReclaimed: 0 });
    expect(await docker.pruneNetworks()).toEqual({ NetworksDeleted: null });
  });

  test('ping, version, info, disk usage', async () => {
    expect(`${await docker.ping()}`).toBe('OK');
    expect(await docker.version()).toMatchObject({ ApiVersion: '1.47', Os: 'linux' });
    await withContainer({}, async () => {
      expect(await docker.info()).toMatchObject({ Containers: 1, ContainersRunning: 1, Images: 1 });
      const usage = await docker.df();
      expect([usage.Images.length, usage.Containers.length]).toEqual([1, 1]);
      expect(usage.LayersSize).toBeGreaterThan(1e6);
    });
  });
});
