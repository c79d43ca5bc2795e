/**
 * Beside skopeo, which knows nothing of docker's engine: it reads what Petri pushed and saved, Petri runs what it copied, into a
 * registry, as an OCI layout, as docker's archive; digests are the same on both sides. Without skopeo this is skipped:
 * tools/setup-tests.sh installs it where there is one.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../src/image/descriptor.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { run, Supervisor } from '../support/supervisor.ts';

const isHere = spawnSync('skopeo', ['--version']).status === 0;

describe.skipIf(!isHere)('skopeo', () => {
  let engine: Supervisor;
  let folder: string;
  let registry: TestRegistry;
  /** `HOST/NAME` of the registry. */
  const name = (repository: string) => `${registry.host}/${repository}`;
  const at = (file: string) => join(folder, file);

  /** @returns what it printed */
  async function skopeo(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await run('skopeo', ['--insecure-policy', ...words]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout.trim();
  }
  const copy = (from: string, to: string, ...flags: string[]) => {
    const plain = [from, to].map((end, i) =>
      end.startsWith('docker://') ? `--${i ? 'dest' : 'src'}-tls-verify=false` : [],
    );
    return skopeo('copy', '-q', ...plain.flat(), ...flags, from, to);
  };
  const plain = (source: string) => (source.startsWith('docker://') ? ['--tls-verify=false'] : []);
  /** Of the manifest, as it lies there. */
  const digestIn = async (source: string) =>
    digestOf(Buffer.from(await skopeo('inspect', '--raw', ...plain(source), source)));
  /** Of the configuration: the image's id. */
  const idIn = async (source: string) =>
    digestOf(Buffer.from(await skopeo('inspect', '--raw', '--config', ...plain(source), source)));

  async function docker(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await engine.docker(...words);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout.trim();
  }
  const inspect = (format: string, image: string) =>
    docker('image', 'inspect', '-f', format, image);
  const idOf = (image: string) => inspect('{{.Id}}', image);
  const removeAll = async () => {
    const ids = new Set((await docker('images', '-q', '--no-trunc')).split('\n').filter(Boolean));
    if (ids.size > 0) await docker('rmi', '-f', ...ids);
  };
  async function push(image: string): Promise<string | undefined> {
    return /digest: (sha256:[a-f0-9]{64})/.exec(await docker('push', image))?.[1];
  }

  let id: string;
  let digest: string | undefined;

  /** `made`: busybox with a layer of ours, in which something is hidden. */
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'petri-skopeo-'));
    registry = await startRegistry();
    engine = await Supervisor.start();
    const change = 'rm /bin/vi; mkdir /own; echo 1 >/own/x; ln /own/x /own/y';
    await docker('run', '--network', 'none', '--name', 'make', 'busybox', 'sh', '-c', change);
    await docker('commit', 'make', name('made'));
    await docker('rm', 'make');
    id = await idOf(name('made'));
    digest = await push(name('made'));
  });
  afterAll(async () => {
    await registry.close();
    await engine.remove();
    rmSync(folder, { recursive: true });
  });

  async function works(image: string): Promise<void> {
    const look = 'cat /own/x; stat -c %h /own/y; ls /bin/vi 2>/dev/null || echo hidden';
    expect(await docker('run', '--rm', '--network', 'none', image, 'sh', '-c', look)).toBe(
      '1\n2\nhidden',
    );
  }

  it('reads what was pushed: the same digest, the same image', async () => {
    expect(await digestIn(`docker://${name('made')}`)).toBe(digest);
    expect(await idIn(`docker://${name('made')}`)).toBe(id);
    const told = JSON.parse(
      await skopeo('inspect', '--tls-verify=false', `docker://${name('made')}`),
    );
    expect(told).toMatchObject({ Digest: digest, RepoTags: ['latest'], Os: 'linux' });
    expect(told.Layers).toHaveLength(2);
  });

  it('reads what was saved', async () => {
    await docker('save', '-o', at('saved.tar'), name('made'));
    expect(await idIn(`docker-archive:${at('saved.tar')}`)).toBe(id);
    await copy(`docker-archive:${at('saved.tar')}`, `docker://${name('of-saved')}`);
    expect(await idIn(`docker://${name('of-saved')}`)).toBe(id);
  });

  it('copies into a registry what is pulled from there: the same digest', async () => {
    for (const format of ['oci', 'v2s2']) {
      const copied = name(`copied-${format}`);
      await copy(`docker://${name('made')}`, `docker://${copied}`, '--format', format);
      await removeAll();
      await docker('pull', '-q', copied);
      expect(await inspect('{{index .RepoDigests 0}}', copied)).toBe(
        `${copied}@${await digestIn(`docker://${copied}`)}`,
      );
      expect(await idOf(copied)).toBe(await idIn(`docker://${copied}`));
      await works(copied);
    }
  });

  it('makes an OCI layout that is loaded, and pushed under the digest it has there', async () => {
    const layout = `oci:${at('layout')}:1`;
    await copy(`docker://${name('made')}`, layout);
    await removeAll();
    expect((await run('tar', ['-C', at('layout'), '-cf', at('layout.tar'), '.'])).code).toBe(0);
    const loaded = /sha256:[a-f0-9]{64}/.exec(await docker('load', '-i', at('layout.tar')))?.[0];
    expect(loaded).toBe(await idIn(layout));
    await works(loaded ?? '');
    await docker('tag', loaded ?? '', name('of-layout'));
    expect(await push(name('of-layout'))).toBe(await digestIn(layout));
  });

  it('reads the OCI layout that was saved', async () => {
    mkdirSync(at('unpacked'));
    expect((await run('tar', ['-C', at('unpacked'), '-xf', at('saved.tar')])).code).toBe(0);
    expect(await idIn(`oci:${at('unpacked')}`)).toBe(id);
  });

  it('makes an archive of docker’s that is loaded: the same image under its name', async () => {
    await copy(`docker://${name('made')}`, `docker-archive:${at('archive.tar')}:copied:2`);
    await removeAll();
    expect(await docker('load', '-i', at('archive.tar'))).toBe('Loaded image: copied:2');
    expect(await idOf('copied:2')).toBe(await idIn(`docker-archive:${at('archive.tar')}`));
    await works('copied:2');
  });

  it('refuses a byte turned over in the registry’s storage, as Petri does', async () => {
    await removeAll();
    const raw = await skopeo('inspect', '--raw', '--tls-verify=false', `docker://${name('made')}`);
    for (const { digest: layer } of JSON.parse(raw).layers as { digest: string }[]) {
      const hex = layer.slice('sha256:'.length);
      const blobs = join(registry.storage, 'docker/registry/v2/blobs/sha256');
      const file = join(blobs, hex.slice(0, 2), hex, 'data');
      const right = readFileSync(file);
      const wrong = Buffer.from(right);
      const middle = wrong.length >> 1;
      wrong[middle] = (wrong[middle] ?? 0) ^ 1;
      writeFileSync(file, wrong);
      const pulled = await engine.docker('pull', name('made'));
      expect(pulled.code).toBe(1);
      expect(pulled.stderr).toMatch(/digest|invalid archive|decompress/);
      const theirs = [
        'copy',
        '--src-tls-verify=false',
        `docker://${name('made')}`,
        `dir:${at('d')}`,
      ];
      expect((await run('skopeo', ['--insecure-policy', ...theirs])).code).toBe(1);
      const places = ['images', 'layers', 'blobs', 'staging', 'trash'];
      expect(places.flatMap((place) => readdirSync(join(engine.root, 'data', place)))).toEqual([
        'init',
      ]);
      writeFileSync(file, right);
    }
    await docker('pull', '-q', name('made'));
    expect(await idOf(name('made'))).toBe(id);
    await works(name('made'));
  });
});
