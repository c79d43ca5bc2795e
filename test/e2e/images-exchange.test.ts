/** Images as files and to a registry and back, by docker's command and petri's, beside a real dockerd. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cuttingProxy } from '../support/cutting-proxy.ts';
import { type Dockerd, isDockerdHere, startImageDockerd } from '../support/dockerd.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { run, Supervisor } from '../support/supervisor.ts';

let engine: Supervisor;
let folder: string;
let registry: TestRegistry;

/** `made`: busybox with a layer of ours, in which something is hidden. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'petri-exchange-'));
  registry = await startRegistry();
  engine = await Supervisor.start();
  const made = await shell(
    'docker run --network none --name make busybox sh -c "rm /bin/vi; rm -r /home; mkdir /home; echo 1 >/home/x; ln /home/x /home/y" && docker commit make made:1 && docker rm make',
  );
  expect(made.stderr).toBe('');
});
afterAll(async () => {
  await registry.close();
  await engine.remove();
  rmSync(folder, { recursive: true });
});

/** A script in which `docker` talks to the engine. */
const shell = (script: string) =>
  run('bash', ['-c', script], { DOCKER_HOST: `unix://${engine.socket}` });
const inspect = async (format: string, name: string) =>
  (await engine.docker('image', 'inspect', '-f', format, name)).stdout.trim();
const idOf = (name: string) => inspect('{{.Id}}', name);
const look = ['run', '--rm', '--network', 'none'];
const seen = 'cat /home/x; stat -c %h /home/y; ls /bin/vi';
const expected = '1\n2\n';

async function works(name: string): Promise<void> {
  expect((await engine.docker(...look, name, 'sh', '-c', seen)).stdout).toBe(expected);
}

/** The words of a command's output without what counts bytes. */
const lines = (text: string) => text.trim().split('\n');

describe.each(['docker', 'petri'] as const)('%s', (cli) => {
  const act = (...words: string[]) => engine[cli](...words);

  it('save and load bring the same image back, by file and by pipe', async () => {
    const id = await idOf('made:1');
    const file = join(folder, `${cli}.tar`);
    expect(await act('save', '-o', file, 'made:1')).toMatchObject({
      code: 0,
      stdout: '',
      stderr: '',
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await engine.docker('rmi', 'made:1');
    expect((await act('load', '-i', file)).stdout).toBe('Loaded image: made:1\n');
    expect(await idOf('made:1')).toBe(id);
    await works('made:1');
    const again = join(folder, `${cli}-again.tar`);
    await act('save', '-o', again, 'made:1');
    expect(readFileSync(again).equals(readFileSync(file))).toBe(true);
  });

  it('save by id has no names, by repository all of its tags', async () => {
    await shell('docker tag made:1 many:a; docker tag made:1 many:b');
    const id = await idOf('made:1');
    const file = join(folder, `${cli}-named.tar`);
    await act('save', '-o', file, id.slice(7, 19));
    expect((await act('load', '-q', '-i', file)).stdout).toBe(`Loaded image ID: ${id}\n`);
    await act('save', '-o', file, 'many', 'busybox:latest');
    await engine.docker('rmi', 'many:a', 'many:b');
    expect(lines((await act('load', '-i', file)).stdout)).toEqual([
      'Loaded image: many:a',
      'Loaded image: many:b',
      'Loaded image: busybox:latest',
    ]);
    await engine.docker('rmi', 'many:a', 'many:b');
  });

  it('load tells which names it takes from others', async () => {
    const file = join(folder, `${cli}-moved.tar`);
    await engine.docker('tag', 'made:1', 'moved:1');
    await act('save', '-o', file, 'moved:1');
    await engine.docker('tag', 'busybox', 'moved:1');
    const old = await idOf('busybox');
    expect((await act('load', '-i', file)).stdout).toBe(
      `The image moved:1 already exists, renaming the old one with ID ${old} to empty string\nLoaded image: moved:1\n`,
    );
    expect(await idOf('moved:1')).toBe(await idOf('made:1'));
    await engine.docker('rmi', 'moved:1');
  });

  it('what is no archive of images is refused, and nothing is left', async () => {
    const loaded = await act('load', '-i', 'build/busybox.tar');
    expect(loaded.code).toBe(1);
    expect(loaded.stderr).toContain('it has neither manifest.json nor index.json');
    expect((await act('save', 'nosuch')).stderr).toContain('No such image: nosuch');
  });

  it('push: layers, the digest, and again, when all is there', async () => {
    const name = `${registry.host}/${cli}/made`;
    await engine.docker('tag', 'made:1', `${name}:1`);
    const pushed = await act('push', `${name}:1`);
    expect(pushed.stderr).toBe('');
    const text = lines(pushed.stdout);
    expect(text[0]).toBe(`The push refers to repository [${name}]`);
    expect(text.filter((line) => line.endsWith(': Preparing'))).toHaveLength(2);
    const digest = /^1: digest: (sha256:[a-f0-9]{64}) size: \d+$/.exec(text.at(-1) ?? '')?.[1];
    expect(await inspect('{{.RepoDigests}}', `${name}:1`)).toContain(`${name}@${digest}`);
    const again = lines((await act('push', `${name}:1`)).stdout);
    expect(again.filter((line) => line.endsWith(': Layer already exists'))).toHaveLength(2);
    expect(again.at(-1)).toBe(text.at(-1));
    expect((await act('push', '-q', `${name}:1`)).stdout).toBe(`${name}:1\n`);
    await engine.docker('rmi', `${name}:1`);
  });

  it('push -a brings all tags; a tag that is not there is an error', async () => {
    const name = `${registry.host}/${cli}/all`;
    await shell(`docker tag made:1 ${name}:a; docker tag busybox ${name}:b`);
    const { stdout } = await act('push', '-a', name);
    expect(lines(stdout).filter((line) => / digest: /.test(line))).toEqual([
      expect.stringMatching(/^a: digest/),
      expect.stringMatching(/^b: digest/),
    ]);
    const none = await act('push', `${name}:c`);
    expect(none).toMatchObject({ code: 1 });
    expect(none.stderr).toContain(`tag does not exist: ${name}:c`);
    expect((await act('push', 'nosuch:1')).stderr).toContain(
      'An image does not exist locally with the tag: nosuch',
    );
    await engine.docker('rmi', `${name}:a`, `${name}:b`);
  });

  it('what was pushed comes back by pull, the same under the same digest, and runs', async () => {
    const name = `${registry.host}/${cli}/back:1`;
    const id = await idOf('made:1');
    await shell(`docker tag made:1 ${name}; docker push -q ${name}`);
    const digests = await inspect('{{.RepoDigests}}', name);
    const digest = new RegExp(`${cli}/back@(sha256:[a-f0-9]{64})`).exec(digests)?.[1];
    await shell('docker rmi -f $(docker images -q made)');
    const { stdout } = await act('pull', name);
    expect(lines(stdout).some((line) => line === `Digest: ${digest}`)).toBe(true);
    expect(await idOf(name)).toBe(id);
    await works(name);
    await shell(`docker tag ${name} made:1; docker rmi ${name}`);
  });

  it('push takes from a neighbour what the registry has there', async () => {
    const [one, two] = [`${registry.host}/${cli}/one`, `${registry.host}/${cli}/two`];
    await shell(`docker tag made:1 ${one}; docker tag made:1 ${two}; docker push -q ${one}`);
    const { stdout } = await act('push', two);
    expect(lines(stdout).filter((line) => line.includes(`: Mounted from ${cli}/`))).toHaveLength(2);
    const mounts = registry
      .log()
      .split('\n')
      .filter(
        (line) =>
          line.includes(`/v2/${cli}/two/blobs/uploads/?mount=`) && line.includes('status=201'),
      );
    expect(mounts).toHaveLength(2);
    await engine.docker('rmi', one, two);
  });
});

describe('a registry', () => {
  it('whose connection breaks once is asked again', async () => {
    const proxy = await cuttingProxy(registry.port, { cuts: 1, afterBytes: 100_000 });
    const name = `127.0.0.1:${proxy.port}/cut/once`;
    await engine.docker('tag', 'made:1', name);
    expect(await engine.docker('push', '-q', name)).toMatchObject({
      code: 0,
      stdout: `${name}:latest\n`,
    });
    expect(proxy.cuts()).toBe(1);
    await engine.docker('rmi', name);
    await proxy.close();
  });
  it('whose connections all break is one clear error, and nothing is recorded', async () => {
    const proxy = await cuttingProxy(registry.port, { cuts: 1000, afterBytes: 100_000 });
    const name = `127.0.0.1:${proxy.port}/cut/always`;
    await engine.docker('tag', 'made:1', name);
    const failed = await engine.docker('push', name);
    expect(failed.code).toBe(1);
    expect(lines(failed.stderr)).toHaveLength(1);
    expect(await inspect('{{.RepoDigests}}', name)).not.toContain('cut/always');
    expect(registry.log()).not.toContain('PUT /v2/cut/always/manifests');
    await engine.docker('rmi', name);
    await proxy.close();
  });
  it('with a password says so to whoever has none', async () => {
    const closed = await startRegistry({ auth: { username: 'u', password: 'p' } });
    const name = `${closed.host}/a/b`;
    await engine.docker('tag', 'made:1', name);
    expect((await engine.docker('push', name)).stderr).toMatch(/unauthorized|no basic auth|denied/);
    await engine.docker('rmi', name);
    await closed.close();
  });
  it('is told of by an event', async () => {
    const name = `${registry.host}/event/made`;
    const since = Math.floor(Date.now() / 1000);
    await shell(`docker tag made:1 ${name}; docker push -q ${name}`);
    const { stdout } = await shell(
      `docker events --since ${since} --until "$(($(date +%s) + 1))" --filter event=push --format '{{.Action}} {{.Actor.ID}} {{.Actor.Attributes.name}}'`,
    );
    expect(stdout).toBe(`push ${name}:latest ${name}\n`);
    await engine.docker('rmi', name);
  });
});

describe.skipIf(!isDockerdHere)('dockerd', () => {
  let dockerd: Dockerd;
  beforeAll(async () => {
    dockerd = await startImageDockerd();
  });
  afterAll(() => dockerd.stop());
  const theirId = async (name: string) =>
    (await dockerd.docker('image', 'inspect', '-f', '{{.Id}}', name)).stdout.trim();

  it('loads what Petri saved: the same image', async () => {
    const file = join(folder, 'to-dockerd.tar');
    await engine.docker('save', '-o', file, 'made:1', 'busybox');
    const loaded = await dockerd.docker('load', '-i', file);
    expect(loaded).toMatchObject({ code: 0, stderr: '' });
    expect(lines(loaded.stdout)).toEqual(['Loaded image: made:1', 'Loaded image: busybox:latest']);
    expect(await theirId('made:1')).toBe(await idOf('made:1'));
  });
  it('saves what Petri loads: the same image', async () => {
    const file = join(folder, 'from-dockerd.tar');
    await dockerd.docker('save', '-o', file, 'made:1', 'busybox:latest');
    const id = await idOf('made:1');
    await engine.docker('rmi', 'made:1');
    const { stdout } = await engine.docker('load', '-i', file);
    expect(lines(stdout).sort()).toEqual(['Loaded image: busybox:latest', 'Loaded image: made:1']);
    expect(await idOf('made:1')).toBe(id);
    await works('made:1');
  });
  it('pulls what Petri pushed: the same image under the same digest', async () => {
    const name = `${registry.host}/dockerd/pulls`;
    await shell(`docker tag made:1 ${name}; docker push ${name}`);
    expect(await dockerd.docker('pull', name)).toMatchObject({ code: 0 });
    expect(await theirId(name)).toBe(await idOf('made:1'));
    const format = '{{index .RepoDigests 0}}';
    const theirs = await dockerd.docker('image', 'inspect', '-f', format, name);
    expect(await inspect('{{.RepoDigests}}', name)).toContain(theirs.stdout.trim());
    await engine.docker('rmi', name);
  });
  it('pushes what Petri pulls: the same image under the same digest', async () => {
    const name = `${registry.host}/dockerd/pushes`;
    await dockerd.docker('tag', 'made:1', name);
    const pushed = await dockerd.docker('push', name);
    const digest = /digest: (sha256:[a-f0-9]{64})/.exec(pushed.stdout)?.[1];
    const id = await idOf('made:1');
    await shell('docker rmi -f $(docker images -q made)');
    expect((await engine.docker('pull', name)).stdout).toContain(`Digest: ${digest}\n`);
    expect(await idOf(name)).toBe(id);
    await works(name);
    await shell(`docker tag ${name} made:1; docker rmi ${name}`);
  });
});

it('nothing is left of all this once the images are gone', async () => {
  await shell('docker rmi -f $(docker images -aq | sort -u)');
  const places = ['images', 'layers', 'blobs', 'staging', 'trash'];
  const left = places.flatMap((place) => readdirSync(join(engine.root, 'data', place)));
  expect(left).toEqual(['init']);
});
