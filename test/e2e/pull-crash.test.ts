/**
 * The supervisor is killed in the middle of pulls: afterwards the image is there as a whole or not at all, nothing lies in
 * staging, and the next pull works. PULL_KILLS sets how often, PULL_SEED repeats a run.
 */
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { digestOf } from '../../src/image/descriptor.ts';
import { openRegistries } from '../../src/image/registry/registries.ts';
import { upload } from '../support/blobs.ts';
import { gzipLayer, imageOf, type TestLayer, tarOf } from '../support/image-parts.ts';
import { seeded } from '../support/random.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { Supervisor } from '../support/supervisor.ts';

const kills = Number(process.env.PULL_KILLS ?? 25);
const seed = Number(process.env.PULL_SEED ?? randomInt(2 ** 31));

let registry: TestRegistry;
let petri: Supervisor;
const contents = ['a', 'b', 'c', 'd'].map((name) => ({ name, bytes: randomBytes(3_000_000) }));
const layers: TestLayer[] = contents.map(({ name, bytes }) =>
  gzipLayer(tarOf({ [`${name}/file`]: bytes })),
);
const image = imageOf(layers);

beforeAll(async () => {
  registry = await startRegistry();
  const registries = openRegistries({ limits: { keepAliveMs: 100 } });
  const repository = registries.repository({ domain: registry.host, path: 'big' }, undefined);
  for (const part of [...layers, image.config])
    await upload(repository, part, new AbortController().signal);
  await repository.putManifest('latest', image.manifest, new AbortController().signal);
  await registries.close();
  petri = await Supervisor.start();
});
afterAll(async () => {
  await petri.remove();
  await registry.close();
});

const data = (dir: string) => join(petri.root, 'data', dir);
const names = (dir: string) =>
  readdirSync(data(dir))
    .filter((name) => name !== 'init')
    .sort();

function assertWhole(): void {
  for (const { tar } of layers) {
    const { name = '', bytes = Buffer.alloc(0) } =
      contents[layers.findIndex((one) => one.tar === tar)] ?? {};
    const path = join(data('layers'), digestOf(tar).slice(7), 'diff', name, 'file');
    expect(readFileSync(path).equals(bytes)).toBe(true);
  }
  for (const name of names('blobs')) {
    const hex = createHash('sha256')
      .update(readFileSync(join(data('blobs'), name)))
      .digest('hex');
    expect(hex).toBe(name);
  }
}

test(`${kills} kills at random moments (PULL_SEED=${seed})`, async () => {
  const random = seeded(seed);
  const before = { layers: names('layers'), blobs: names('blobs'), images: names('images') };
  const ref = `${registry.host}/big`;
  const startMs = performance.now();
  expect((await petri.docker('pull', '-q', ref)).code).toBe(0);
  const tookMs = performance.now() - startMs;
  await petri.docker('rmi', ref);
  let cut = 0;
  for (let round = 0; round < kills; round++) {
    const pulling = petri.docker('pull', '-q', ref);
    // The moment is the random thing here: nothing is waited for.
    await delay(random() * tookMs * 1.1);
    await petri.kill();
    await pulling;
    await petri.up();
    expect(names('staging')).toEqual([]);
    expect(names('trash')).toEqual([]);
    const isThere = (await petri.docker('images', '-q', ref)).stdout !== '';
    if (isThere) {
      assertWhole();
      await petri.docker('rmi', ref);
    } else cut++;
    expect({ layers: names('layers'), blobs: names('blobs'), images: names('images') }).toEqual(
      before,
    );
  }
  expect(cut).toBeGreaterThan(0);
  expect((await petri.docker('pull', '-q', ref)).code).toBe(0);
  assertWhole();
}, 300_000);

test('a client that goes away stops its pull, and nothing is left of it', async () => {
  const ref = `${registry.host}/big`;
  await petri.docker('rmi', ref);
  const before = { layers: names('layers'), blobs: names('blobs'), images: names('images') };
  const path = `/images/create?fromImage=${encodeURIComponent(ref)}&tag=latest`;
  for (const lines of [1, 3, 5, 9, 14]) {
    await new Promise<void>((resolve, reject) => {
      let seen = 0;
      const call = request({ socketPath: petri.socket, method: 'POST', path }, (answer) => {
        answer.on('data', (chunk: Buffer) => {
          seen += chunk.toString().split('\n').length - 1;
          if (seen >= lines) call.destroy();
        });
        answer.on('error', () => resolve()).on('close', resolve);
      });
      call.on('error', reject).end();
    });
    await vi.waitFor(() => expect(names('staging')).toEqual([]), { timeout: 10_000, interval: 10 });
    const isThere = (await petri.docker('images', '-q', ref)).stdout !== '';
    if (isThere) await petri.docker('rmi', ref);
    expect({ layers: names('layers'), blobs: names('blobs'), images: names('images') }).toEqual(
      before,
    );
  }
});
