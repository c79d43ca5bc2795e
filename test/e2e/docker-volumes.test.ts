/** Volumes as typed, by docker's command and by petri; mounts that are wrong (B07 of the list of threats). */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DockerSuite } from '../support/docker.ts';
import { type Ran, run } from '../support/supervisor.ts';

const suite = new DockerSuite();
/** A folder of the host. */
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'petri-volumes-'));
  writeFileSync(join(folder, 'file'), 'of the host\n');
  // What is opened once and for good is open.
  await suite.shell(
    'docker create --name first -v first:/x busybox; docker cp first:/x - >/dev/null; docker rm first; docker volume rm first',
  );
});
afterEach(async () => {
  await suite.removeContainers();
  for (const { Name } of await volumes()) await suite.engine.api('DELETE', `/volumes/${Name}`);
});
afterAll(() => rmSync(folder, { recursive: true }));

const volumes = async () => (await suite.get<{ Volumes: { Name: string }[] }>('/volumes')).Volumes;

function script(cli: string, text: string): Promise<Ran> {
  const socket = `unix://${suite.engine.socket}`;
  const environment = { DOCKER_HOST: socket, PETRI_HOST: socket };
  return run('bash', ['-c', `cd ${folder}; cli() { ${cli} "$@"; }\n${text}`], environment);
}

describe.each([
  ['docker', 'docker'],
  ['petri', resolve('bin/petri')],
])('%s', (_name, cli) => {
  it('data outlive a container that is killed, and a supervisor that is', async () => {
    const write = 'i=0; while true; do i=$((i+1)); echo $i >> /data/log; sleep 0.01; done';
    const first = await script(
      cli,
      `cli run -d --name writer -v data:/data busybox sh -c '${write}' >/dev/null
       until cli exec writer grep -q '^10$' /data/log; do sleep 0.02; done; cli kill writer`,
    );
    expect(first.stdout, first.stderr).toBe('writer\n');
    await suite.engine.kill();
    await suite.engine.up();
    const second = await script(
      cli,
      `cli volume rm data 2>&1 | grep -c 'volume is in use'; cli cp writer:/data/log - | tar xO | head -n 1; cli rm -f writer
       cli run --rm -v data:/data busybox sh -c 'head -n 10 /data/log | tail -n 1'; cli volume rm data`,
    );
    expect(second.stdout, second.stderr).toBe('1\n1\nwriter\n10\ndata\n');
  });

  it('a config volume, filled by cp before the first start, a part of it read-only in another', async () => {
    const { stdout, stderr } = await script(
      cli,
      `cli create --name one -v conf:/etc/app busybox cat /etc/app/a/file >/dev/null; mkdir -p a; cp file a
       cli cp -q a one:/etc/app; cli start -a one
       cli run --rm --mount type=volume,src=conf,dst=/c,volume-subpath=a,readonly busybox sh -c 'cat /c/file; touch /c/x 2>&1'
       cli rm one; cli system prune -f --volumes | grep -c conf; cli volume ls -q`,
    );
    expect(stdout, stderr).toBe(
      'of the host\nof the host\ntouch: /c/x: Read-only file system\none\n0\nconf\n',
    );
    rmSync(join(folder, 'a'), { recursive: true });
  });

  it('what has no name goes with --rm, rm -v and prune', async () => {
    const { stdout, stderr } = await script(
      cli,
      `cli run --rm -v /a busybox true; cli volume ls -q; cli create --name one -v /a -v /b busybox >/dev/null
       cli volume ls -q | wc -l; cli rm -v one; cli volume ls -q; cli create --name two -v /a busybox >/dev/null; cli rm two
       cli volume create named; cli volume prune -f | grep -c '^[0-9a-f]\\{64\\}$'; cli volume ls -q
       cli volume prune -f --filter all=1 | head -2 | tail -1`,
    );
    expect(stdout, stderr).toBe('2\none\ntwo\nnamed\n1\nnamed\nnamed\n');
  });

  it('system df counts them', async () => {
    const { stdout, stderr } = await script(
      cli,
      `cli run --rm -v data:/d busybox sh -c 'head -c 5000 /dev/zero > /d/f'; cli create --name one -v data:/d busybox >/dev/null
       cli volume create idle >/dev/null; cli system df --format '{{.Type}} {{.TotalCount}} {{.Active}} {{.Size}} {{.Reclaimable}}' | grep Volumes`,
    );
    expect(stdout, stderr).toBe('Local Volumes 2 1 5kB 0B (0%)\n');
  });
});

it('a supervisor killed amidst create, rm and prune: every container has its volumes', async () => {
  const { engine } = suite;
  for (let round = 0; round < 6; round++) {
    let isOver = false;
    const again = async (method: string, path: string, body?: object) => {
      while (!isOver) await engine.api(method, path, body).catch(() => undefined);
    };
    const host = { Binds: ['data:/data'], NetworkMode: 'none' };
    const storm = [
      again('POST', '/containers/create', {
        Image: 'busybox',
        HostConfig: host,
        Volumes: { '/etc': {} },
      }),
      again('DELETE', '/volumes/data'),
      again('POST', `/volumes/prune?filters=${encodeURIComponent('{"all":["true"]}')}`),
      again('POST', '/containers/prune'),
    ];
    await delay(150 + 40 * round);
    await engine.kill();
    isOver = true;
    await Promise.all(storm);
    await engine.up();
    const there = new Set((await volumes()).map(({ Name }) => Name));
    const containers =
      await suite.get<{ Mounts: { Name: string; Source: string }[] }[]>('/containers/json?all=1');
    for (const { Name, Source } of containers.flatMap(({ Mounts }) => Mounts)) {
      expect(there).toContain(Name);
      expect(existsSync(Source)).toBe(true);
    }
    expect(readdirSync(`${engine.root}/data/volumes`).sort()).toEqual([...there].sort());
    expect(readdirSync(`${engine.root}/data/staging`)).toEqual([]);
    await suite.removeContainers();
  }
  // What is opened once and for good is open again.
  await suite.shell('docker create --name last -v last:/x busybox; docker cp last:/x - >/dev/null');
}, 60_000);

describe('a mount that is wrong is 400, and nothing is made', () => {
  const bind = (spec: string) => ({ Binds: [spec] });
  const mount = (spec: object) => ({ Mounts: [{ Target: '/x', ...spec }] });
  const many = (of: (i: number) => string) => ({
    Binds: Array.from({ length: 10_000 }, (_, i) => of(i)),
  });
  const cases: [name: string, host: () => object, why: string][] = [
    ['a relative folder', () => bind('./data:/x'), 'use absolute path'],
    ['one that climbs', () => bind('../data:/x'), 'use absolute path'],
    ['a relative target', () => bind('data:x'), 'mount path must be absolute'],
    ['a target that climbs to /', () => bind('data:/a/../..'), "destination can't be '/'"],
    ['over /', () => bind('data:/'), "destination can't be '/'"],
    ['over /proc', () => bind('data:/proc'), 'inside /proc'],
    ['in /proc, around a corner', () => bind('data:/x/../proc/sys'), 'inside /proc'],
    ['a colon in the path', () => bind(`${folder}/a:b:/x`), 'invalid mode: /x'],
    ['too many colons', () => bind('data:/x:ro:z'), 'invalid volume specification'],
    ['an unknown mode', () => bind('data:/x:bad'), 'invalid mode: bad'],
    ['a volume with propagation', () => bind('data:/x:rshared'), 'BindOptions'],
    ['two on one target', () => ({ Binds: ['data:/x', 'more:/x/'] }), 'Duplicate mount point: /x'],
    [
      'a volume and a tmpfs on one target',
      () => ({ ...bind('data:/x'), Tmpfs: { '/x': '' } }),
      'Duplicate mount point: /x',
    ],
    ['10,000 folders', () => many((i) => `${folder}/new${i}:/x${i}`), 'too many mounts'],
    ['10,000 volumes', () => many((i) => `data${i}:/x${i}`), 'too many mounts'],
    [
      'a source that is not there',
      () => mount({ Type: 'bind', Source: `${folder}/nosuch` }),
      'bind source path does not exist',
    ],
    [
      'a good one before a bad one',
      () => ({ Binds: ['data:/x', `${folder}/new:/y`, 'a/b:/z'] }),
      'includes invalid characters',
    ],
    [
      'a volume on a file',
      () => bind('data:/etc/passwd'),
      'cannot mount volume over existing file',
    ],
    ['an unknown driver', () => ({ ...bind('data:/x'), VolumeDriver: 'no' }), '"no" not found'],
    [
      'an unknown option of the driver',
      () =>
        mount({
          Type: 'volume',
          Source: 'data',
          VolumeOptions: { DriverConfig: { Options: { no: 'x' } } },
        }),
      'invalid option: "no"',
    ],
    [
      'a part that climbs',
      () => mount({ Type: 'volume', Source: 'data', VolumeOptions: { Subpath: '../x' } }),
      'subpath must be a relative path within the volume',
    ],
    ['the volumes of nobody', () => ({ VolumesFrom: ['nobody'] }), 'No such container: nobody'],
    ['a NUL', () => bind('data\0:/x'), 'NUL'],
  ];
  it.each(cases)('%s', async (_name, host, why) => {
    const before = readdirSync(folder);
    const answer = await suite.engine.api('POST', '/containers/create', {
      Image: 'busybox',
      HostConfig: host(),
    });
    expect(answer.text).toContain(JSON.stringify(why).slice(1, -1));
    expect(answer.status).toBe(400);
    expect(await volumes()).toEqual([]);
    expect(readdirSync(folder)).toEqual(before);
  });
  it.each([['../up'], ['up'], ['/'], ['/proc/x'], ['/a/../../etc']])(
    'VOLUME %j of a client',
    async (path) => {
      const answer = await suite.engine.api('POST', '/containers/create', {
        Image: 'busybox',
        Volumes: { [path]: {}, '/good': {} },
      });
      expect(answer.status, answer.text).toBe(400);
      expect(await volumes()).toEqual([]);
    },
  );
  it.each([
    [{ Name: '../x' }, 400],
    [{ Name: 'a/b' }, 400],
    [{ Name: 'n'.repeat(300) }, 400],
    [{ Name: 'data', Driver: 'nosuch' }, 404],
    [{ Name: 'data', DriverOpts: { device: '/x' } }, 400],
    [{ Name: 'data', DriverOpts: { type: 'none', device: '/x', o: 'remount' } }, 400],
    [{ Name: 5 }, 400],
    [[], 400],
  ])('volume create %j: %d', async (body, status) => {
    const answer = await suite.engine.api('POST', '/volumes/create', body);
    expect(answer.status, answer.text).toBe(status);
    expect(await volumes()).toEqual([]);
  });
});
