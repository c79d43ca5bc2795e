/**
 * Bombs by load, import and pull, at a supervisor that has 512 MiB: each is refused by the name of its limit, the supervisor
 * lives, and the disk is as it was. Without the limits one of them ends it.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { configOf, tar } from '../../rootfs-fixtures/odd/archive.ts';
import { mediaTypes } from '../../src/image/descriptor.ts';
import { openRegistries } from '../../src/image/registry/registries.ts';
import { blobOf, upload } from '../support/blobs.ts';
import { type Bomb, bombs } from '../support/bombs.ts';
import { imageOf } from '../support/image-parts.ts';
import { type MemoryGroup, memoryGroup } from '../support/memory-group.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { type Ran, Supervisor } from '../support/supervisor.ts';

const capBytes = 512 * 1024 ** 2;
const seconds = 1000;

let registry: TestRegistry;
let group: MemoryGroup;
let engine: Supervisor;

beforeAll(async () => {
  registry = await startRegistry();
  group = memoryGroup(`petri-test-bombs-${process.pid}`, capBytes);
  engine = await Supervisor.start(24, group);
});
afterAll(async () => {
  await engine.remove();
  await group.remove();
  await registry.close();
});

/** Every file of the engine's with its size; what is told of events grows. */
function disk(): string[] {
  const flags = ['-not', '-name', 'events*', '-printf', '%P %y %s\n'];
  const found = execFileSync('find', [join(engine.root, 'data'), ...flags], { encoding: 'utf8' });
  return found.split('\n').sort();
}

const file = () => join(engine.root, 'bomb.tar');

/** An archive of docker's whose layer it is. */
async function load(bytes: Buffer): Promise<Ran> {
  const manifest = [{ Config: 'c.json', RepoTags: ['bomb:1'], Layers: ['layer.tar'] }];
  writeFileSync(
    file(),
    await tar([
      { name: 'manifest.json', body: JSON.stringify(manifest) },
      { name: 'c.json', body: configOf({ layers: [bytes] }) },
      { name: 'layer.tar', body: bytes },
    ]),
  );
  return await engine.docker('load', '-i', file());
}

async function importIt(bytes: Buffer): Promise<Ran> {
  writeFileSync(file(), bytes);
  return await engine.docker('import', file(), 'bomb:1');
}

async function pull(bytes: Buffer): Promise<Ran> {
  const registries = openRegistries({ limits: { keepAliveMs: 100 } });
  const { signal } = new AbortController();
  const image = imageOf([{ ...blobOf(bytes, mediaTypes.ociLayerGzip), tar: bytes }]);
  const repository = registries.repository({ domain: registry.host, path: 'bomb' }, undefined);
  for (const part of [...image.layers, image.config]) await upload(repository, part, signal);
  await repository.putManifest('latest', image.manifest, signal);
  await registries.close();
  return await engine.docker('pull', `${registry.host}/bomb`);
}

const ways = [
  ['load', load],
  ['import', importIt],
  ['pull', pull],
] as const;

describe.each(ways)('by %s', (_name, bring) => {
  let before: string[];
  beforeEach(() => {
    rmSync(file(), { force: true });
    before = disk();
  });

  test.each(bombs)(
    '$name: a refusal that names the limit',
    async ({ make, limit }: Bomb) => {
      const { code, stderr } = await bring(make());
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(limit) });
      expect(group.oomKills()).toBe(0);
      expect((await engine.docker('images', '-q', 'bomb')).stdout).toBe('');
      expect(disk()).toEqual(before);
    },
    300 * seconds,
  );
});

test('a manifest of a million brackets is no manifest', async () => {
  const before = disk();
  const deep = await tar([{ name: 'manifest.json', body: '['.repeat(1e6) + ']'.repeat(1e6) }]);
  writeFileSync(file(), deep);
  const { code, stderr } = await engine.docker('load', '-i', file());
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/manifest\.json: /) });
  expect(disk()).toEqual(before);
});

test('and all the same another image is loaded and runs', async () => {
  const ran = await engine.docker('run', '--rm', '--network', 'none', 'busybox', 'echo', 'hello');
  expect(ran).toMatchObject({ code: 0, stdout: 'hello\n' });
});

test(
  'without the limit of headers the kernel ends the supervisor',
  async () => {
    const unlimited = 'dist/supervisor-unlimited.mjs';
    const source = readFileSync('dist/supervisor.mjs', 'utf8');
    const changed = source.replace('headerBytes: 1024 ** 2', 'headerBytes: 2 ** 40');
    expect(changed).not.toBe(source);
    writeFileSync(unlimited, changed);
    const own = memoryGroup(`petri-test-unlimited-${process.pid}`, capBytes);
    const other = await Supervisor.start(24, { ...own, program: unlimited });
    try {
      const bytes = bombs.find(({ name }) => name === 'a pax header of 900 MB')?.make();
      writeFileSync(join(other.root, 'bomb.tar'), bytes ?? '');
      const { code } = await other.docker('import', join(other.root, 'bomb.tar'), 'bomb:1');
      expect(code).not.toBe(0);
      expect(own.oomKills()).toBeGreaterThan(0);
    } finally {
      await other.remove();
      await own.remove();
      rmSync(unlimited);
    }
  },
  300 * seconds,
);
