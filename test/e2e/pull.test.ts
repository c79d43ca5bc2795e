/** Pulls by docker's own command, by petri's and by dockerode, from a real registry, and what is left of those cut off. */
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openRegistries } from '../../src/image/registry/registries.ts';
import { upload } from '../support/blobs.ts';
import { connectionsTo } from '../support/census.ts';
import { DockerSuite } from '../support/docker.ts';
import { gzipLayer, imageOf, type TestImage, tarOf } from '../support/image-parts.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { run } from '../support/supervisor.ts';

const suite = new DockerSuite();
const { signal } = new AbortController();
let registry: TestRegistry;
let host: string;

beforeAll(async () => {
  registry = await startRegistry();
  host = registry.host;
  suite.peerPorts.push(registry.port);
  const registries = openRegistries({ limits: { keepAliveMs: 100 } });
  const publish = async (path: string, tag: string, image: TestImage) => {
    const repository = registries.repository({ domain: host, path }, undefined);
    for (const part of [...image.layers, image.config]) await upload(repository, part, signal);
    await repository.putManifest(tag, image.manifest, signal);
  };
  const busybox = gzipLayer(readFileSync('build/busybox.tar'));
  for (const tag of ['v1', 'v2'])
    await publish('lib/busybox', tag, imageOf([busybox], { author: tag }));
  const layers = ['a', 'b', 'c'].map((name) => gzipLayer(tarOf({ [`${name}/${name}`]: name })));
  await publish('lib/three', 'latest', imageOf(layers));
  await registries.close();
});
afterAll(() => registry.close());

const ref = (name: string) => `${host}/lib/${name}`;
const staging = () => readdirSync(join(suite.engine.root, 'data/staging'));

describe.each(['docker', 'petri'] as const)('%s', (command) => {
  const call = (...words: string[]) => suite.engine[command](...words);

  test('pull says what it does, and what it has', async () => {
    const first = await call('pull', ref('three'));
    expect(first).toMatchObject({ code: 0, stderr: '' });
    const lines = first.stdout.trim().split('\n');
    expect(lines[0]).toBe('Using default tag: latest');
    expect(lines[1]).toBe('latest: Pulling from lib/three');
    expect(lines.filter((line) => line.endsWith(': Pull complete'))).toHaveLength(3);
    const digest = lines.at(-3)?.replace('Digest: ', '');
    expect(lines.slice(-2)).toEqual([
      `Status: Downloaded newer image for ${ref('three')}:latest`,
      `${ref('three')}:latest`,
    ]);
    const again = await call('pull', ref('three'));
    expect(again.stdout).toContain(`Status: Image is up to date for ${ref('three')}:latest`);
    expect((await call('images', '--digests', ref('three'))).stdout).toContain(digest);
    const removed = await call('rmi', ref('three'));
    expect(removed.stdout.split('\n').slice(0, 2)).toEqual([
      `Untagged: ${ref('three')}:latest`,
      `Untagged: ${ref('three')}@${digest}`,
    ]);
  });

  test('pull -q says the name alone, by digest it moves no tag', async () => {
    expect((await call('pull', '-q', ref('three'))).stdout).toBe(`${ref('three')}:latest\n`);
    const digest = await suite.inspect('{{index .RepoDigests 0}}', ref('three'));
    await call('rmi', ref('three'));
    expect(await call('pull', digest)).toMatchObject({ code: 0 });
    expect(await suite.inspect('{{.RepoTags}} {{.RepoDigests}}', digest)).toBe(`[] [${digest}]`);
    expect((await call('rmi', digest)).stdout).toContain(`Untagged: ${digest}`);
  });

  test('pull -a brings all tags', async () => {
    expect(await call('pull', '-a', ref('busybox'))).toMatchObject({ code: 0 });
    const tags = (await call('images', '--format', '{{.Tag}}', ref('busybox'))).stdout;
    expect(tags.trim().split('\n').sort()).toEqual(['v1', 'v2']);
    await call('rmi', ref('busybox:v1'), ref('busybox:v2'));
    expect(await call('pull', '-a', ref('busybox:v1'))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("tag can't be used with --all-tags/-a"),
    });
  });

  test('run pulls what is missing, and says so beside the output', async () => {
    const ran = await call('run', '--rm', ref('busybox:v1'), 'echo', 'hello');
    expect(ran).toMatchObject({ code: 0, stdout: 'hello\n' });
    expect(ran.stderr).toContain(`Unable to find image '${ref('busybox:v1')}' locally`);
    expect(ran.stderr).toContain(`Status: Downloaded newer image for ${ref('busybox:v1')}`);
    const always = await call('run', '--rm', '--pull', 'always', ref('busybox:v1'), 'true');
    expect(always.stderr).toContain(`Status: Image is up to date for ${ref('busybox:v1')}`);
    const quiet = await call('run', '--rm', '--pull', 'always', '-q', ref('busybox:v1'), 'true');
    expect(quiet).toMatchObject({ code: 0, stderr: '' });
    await call('rmi', ref('busybox:v1'));
    const never = await call('run', '--rm', '--pull', 'never', ref('busybox:v1'), 'true');
    expect(never.code).toBe(125);
    expect(never.stderr).toContain(`No such image: ${ref('busybox:v1')}`);
  });

  test('an image of another platform is none to make a container of', async () => {
    const run = await call(
      'run',
      '--rm',
      '--pull',
      'never',
      '--platform',
      'linux/s390x',
      'busybox',
    );
    expect(run.code).toBe(125);
    expect(run.stderr).toContain(
      'image with reference busybox was found but does not match the specified platform: wanted linux/s390x, actual: linux/',
    );
    const own = `linux/${process.arch === 'arm64' ? 'arm64' : 'amd64'}`;
    const ran = await call('run', '--rm', '--platform', own, 'busybox', 'echo', 'hello');
    expect(ran.stdout).toBe('hello\n');
  });

  test('what is not there is told in the registry’s words', async () => {
    const missing = await call('pull', ref('nothing:here'));
    expect(missing).toMatchObject({ code: 1 });
    expect(missing.stderr).toContain(
      `Error response from daemon: manifest for ${ref('nothing:here')} not found: manifest unknown`,
    );
    const ran = await call('run', '--rm', ref('nothing:here'));
    expect(ran.code).toBe(125);
    expect(ran.stderr).toContain(`manifest for ${ref('nothing:here')} not found`);
    const platform = await call('pull', '--platform', 'plan9/amd64', ref('three'));
    expect(platform.code).toBe(1);
  });

  test('on a terminal each layer has a line that is written over', async () => {
    const program = command === 'docker' ? 'docker' : 'bin/petri';
    const pulled = await run('script', ['-qec', `${program} pull ${ref('three')}`, '/dev/null'], {
      DOCKER_HOST: `unix://${suite.engine.socket}`,
      PETRI_HOST: `unix://${suite.engine.socket}`,
      TERM: 'xterm',
    });
    expect(pulled.stdout).toContain('\u001b[1A');
    expect(pulled.stdout).toContain('Pull complete');
    await call('rmi', ref('three'));
  });
});

test('dockerode pulls and follows the progress', async () => {
  const docker = new Docker({ socketPath: suite.engine.socket });
  const stream = await docker.pull(ref('three:latest'));
  const lines = await new Promise<{ status: string; id?: string }[]>((resolve, reject) =>
    docker.modem.followProgress(stream, (error, all) => (error ? reject(error) : resolve(all))),
  );
  expect(lines.filter(({ status }) => status === 'Pull complete')).toHaveLength(3);
  expect(lines.at(-1)?.status).toBe(`Status: Downloaded newer image for ${ref('three:latest')}`);
  await suite.docker('rmi', ref('three'));
});

test('docker-py pulls', async () => {
  const script = `
import docker
client = docker.DockerClient(base_url='unix://${suite.engine.socket}')
print(client.images.pull('${ref('three')}', tag='latest').tags)
client.images.remove('${ref('three')}')`;
  expect(await run('/usr/bin/python3', ['-c', script])).toMatchObject({
    stdout: `['${ref('three')}:latest']\n`,
    code: 0,
  });
});

test('an event tells of it', async () => {
  const since = String(Date.now() / 1000 - 1);
  await suite.docker('pull', ref('three'));
  const until = String(Date.now() / 1000 + 1);
  const format = '{{.Action}} {{.Actor.ID}} {{.Actor.Attributes.name}}';
  const { stdout } = await suite.docker(
    'events',
    '--since',
    since,
    '--until',
    until,
    '--format',
    format,
  );
  expect(stdout).toContain(`pull ${ref('three')}:latest ${ref('three')}\n`);
  await suite.docker('rmi', ref('three'));
  expect(staging()).toEqual([]);
});

test('an archive in the web is imported', async () => {
  const server = createServer((request, response) => {
    if (request.url === '/root.tar') response.end(readFileSync('build/busybox.tar'));
    else response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const from = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    const imported = await suite.docker('import', `${from}/root.tar`, 'web');
    expect(imported.stdout).toMatch(/sha256:[a-f0-9]{64}\n$/);
    expect(await suite.docker('run', '--rm', 'web', 'echo', 'hello')).toMatchObject({
      stdout: 'hello\n',
    });
    expect((await suite.engine.petri('import', `${from}/nothing`)).stderr).toBe(
      `Error response from daemon: cannot download ${from}/nothing: got status code 404 Not Found\n`,
    );
  } finally {
    server.closeAllConnections();
    server.close();
    await suite.docker('rmi', 'web');
  }
});

test('images are found by what they are called, made from, and older than', async () => {
  await suite.docker('pull', '-q', ref('busybox:v1'));
  await suite.docker('pull', '-q', ref('three'));
  const found = async (...words: string[]) =>
    (await suite.docker('images', '--format', '{{.Repository}}:{{.Tag}}', ...words)).stdout;
  expect(await found(ref('busybox'))).toBe(`${ref('busybox:v1')}\n`);
  expect(await found('--filter', `reference=${host}/*/three`)).toBe(`${ref('three')}:latest\n`);
  expect(await found('--filter', 'until=2000-01-01T00:00:00Z')).toContain(ref('three'));
  expect(await found('--filter', 'since=busybox:latest')).toBe('');
  const sizes = await suite.get<{ RepoTags: string[]; SharedSize: number; Size: number }[]>(
    '/images/json?shared-size=1',
  );
  const sharedOf = (name: string) => sizes.find(({ RepoTags }) => RepoTags.includes(name));
  expect(sharedOf('busybox:latest')).toMatchObject({
    SharedSize: sharedOf('busybox:latest')?.Size,
  });
  expect(sharedOf(`${ref('three')}:latest`)).toMatchObject({ SharedSize: 0 });
  await suite.docker('rmi', ref('three'), ref('busybox:v1'));
});

test('prune takes what has no name, and all that nobody uses', async () => {
  await suite.docker('pull', '-q', ref('three'));
  const digest = await suite.inspect('{{index .RepoDigests 0}}', ref('three'));
  await suite.docker('rmi', ref('three'));
  await suite.docker('pull', '-q', digest);
  await suite.docker('pull', '-q', ref('busybox:v2'));
  const pruned = await suite.docker('image', 'prune', '-f');
  expect(pruned.stdout).toContain(`untagged: ${digest}`);
  expect(pruned.stdout).not.toContain('busybox');
  const held = await suite.docker('create', '--name', 'user', 'busybox');
  expect(held.code).toBe(0);
  expect((await suite.docker('image', 'prune', '-af')).stdout).toContain(ref('busybox:v2'));
  expect((await suite.docker('images', '-q')).stdout.trim().split('\n')).toHaveLength(1);
});

test('connections to a registry are kept for the next request, but not for long', async () => {
  const kept = () =>
    connectionsTo(suite.engine.pid, registry.port).filter((one) => one !== 'socket:[0]');
  await suite.docker('pull', '-q', ref('three'));
  expect(kept().length).toBeGreaterThan(0);
  await vi.waitFor(() => expect(kept()).toEqual([]), { timeout: 10_000, interval: 50 });
  await suite.docker('rmi', ref('three'));
});
