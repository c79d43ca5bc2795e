/** Pulls of a tag that may mean what it meant: asked by HEAD, and fetched when that says too little or too much. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { digestOf, mediaTypes } from '../../src/image/descriptor.ts';
import { hostPlatform, parsePlatform } from '../../src/image/platform.ts';
import { pull } from '../../src/image/pull/pull.ts';
import { Transfers } from '../../src/image/pull/transfers.ts';
import { parseTagged } from '../../src/image/reference.ts';
import { openRegistries } from '../../src/image/registry/registries.ts';
import type { FetchedManifest } from '../../src/image/registry/repository.ts';
import { ImageStore } from '../../src/image/store.ts';
import { Paths } from '../../src/store/paths.ts';
import { push, upload } from '../support/blobs.ts';
import { gzipLayer, imageOf, type TestImage, tarOf } from '../support/image-parts.ts';
import { startRegistry } from '../support/registry.ts';
import { RegistryDouble, refuse } from '../support/registry-double.ts';

const { signal } = new AbortController();
const registries = openRegistries({ limits: { pauseMs: 1, keepAliveMs: 100 } });
const layer = gzipLayer(tarOf({ 'etc/one': '1' }));
const image = imageOf([layer]);
const newer = imageOf([gzipLayer(tarOf({ 'etc/two': '2' }))]);
const foreign = imageOf([layer], { architecture: 'riscv64' });

let double: RegistryDouble;
let scratch: string;
let store: ImageStore;
let statuses: string[];

beforeAll(async () => {
  double = await RegistryDouble.start();
  for (const { layers, config } of [image, newer, foreign])
    for (const blob of [...layers, config]) double.putBlob(blob);
});
afterAll(async () => {
  await registries.close();
  await double.close();
});
beforeEach(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'petri-known-'));
  const paths = new Paths(join(scratch, 'data'), join(scratch, 'run'));
  store = await ImageStore.open(paths, pino({ level: 'silent' }));
  double.answer = () => false;
  double.putManifest('app', 'v1', image.manifest);
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

function bring(tag = 'v1', { platform = '', host = double.host } = {}) {
  statuses = [];
  return pull(
    store,
    new Transfers(store),
    registries.repository({ domain: host, path: 'app' }, undefined),
    {
      reference: parseTagged(`${host}/app:${tag}`),
      platform: platform ? parsePlatform(platform) : undefined,
      report: ({ status = '' }) => statuses.push(status),
      signal,
    },
  );
}

/** The methods of the manifests asked for by a pull. */
async function asked(work: () => Promise<unknown>): Promise<string[]> {
  double.seen.length = 0;
  await work();
  return double.seen.filter(({ url }) => url.includes('/manifests/')).map(({ method }) => method);
}

function indexOf(images: TestImage[]): FetchedManifest {
  const manifests = images.map(({ manifest, config }) => ({
    mediaType: manifest.mediaType,
    digest: manifest.digest,
    size: manifest.bytes.length,
    platform: JSON.parse(config.bytes.toString()),
  }));
  const mediaType = mediaTypes.ociIndex;
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests }));
  return { mediaType, bytes, digest: digestOf(bytes) };
}

test('a tag that is not here is not asked for by HEAD', async () => {
  expect(await asked(bring)).toEqual(['GET']);
});

test('one that means what it meant is asked for by HEAD alone', async () => {
  await bring();
  expect(await asked(() => bring())).toEqual(['HEAD']);
  expect(statuses).toEqual(['Pulling from app', `Digest: ${image.manifest.digest}`]);
  expect((await bring()).isNewer).toBe(false);
});

test('of an index too, and only for the platform that is here', async () => {
  const index = indexOf([foreign, image]);
  double.putManifest('app', 'v1', index);
  for (const { manifest } of [image, foreign]) double.putManifest('app', 'x', manifest);
  await bring();
  expect(await asked(() => bring())).toEqual(['HEAD']);
  expect(statuses).toContain(`Digest: ${index.digest}`);
  const other = await bring('v1', { platform: 'linux/riscv64' });
  expect(other).toMatchObject({ isNewer: true, image: { id: foreign.id } });
  const own = `linux/${hostPlatform.architecture}`;
  expect(await bring('v1', { platform: own })).toMatchObject({ image: { id: image.id } });
});

test('one that means what another tag of the repository meant moves', async () => {
  double.putManifest('app', 'v2', newer.manifest);
  await bring('v1');
  await bring('v2');
  double.putManifest('app', 'v1', newer.manifest);
  expect(await asked(() => bring('v1'))).toEqual(['HEAD']);
  expect(store.find(`${double.host}/app:v1`).id).toBe(newer.id);
  double.putManifest('app', 'v1', image.manifest);
  expect(await bring('v1')).toMatchObject({ isNewer: true, image: { id: image.id } });
});

test('one that means something new is fetched', async () => {
  await bring();
  double.putManifest('app', 'v1', newer.manifest);
  expect(await asked(() => bring())).toEqual(['HEAD', 'GET']);
  expect(store.find(`${double.host}/app:v1`).id).toBe(newer.id);
});

test('what is no longer whole here is fetched', async () => {
  await bring();
  await store.blobs.remove(layer.descriptor.digest);
  expect(await asked(() => bring())).toEqual(['HEAD', 'GET']);
  expect(store.blobs.has(layer.descriptor.digest)).toBe(true);
});

describe('it is fetched when HEAD', () => {
  const zeros = `sha256:${'0'.repeat(64)}`;
  test.each<[string, number, Record<string, string>]>([
    ['says no digest', 200, {}],
    ['says one that is none', 200, { 'docker-content-digest': '../../etc/passwd' }],
    ['says one that is not here', 200, { 'docker-content-digest': zeros }],
    ['says the digest of a layer', 200, { 'docker-content-digest': layer.descriptor.digest }],
    ['says the digest of the image', 200, { 'docker-content-digest': image.id }],
    ['is not known', 405, {}],
    ['finds nothing', 404, {}],
    ['is too often', 429, { 'retry-after': '3600' }],
    ['fails', 500, {}],
    ['leads elsewhere', 307, { location: 'http://registry.invalid/' }],
  ])('%s', async (_what, status, headers) => {
    await bring();
    double.answer = (request, response) => {
      if (request.method !== 'HEAD') return false;
      response.writeHead(status, headers).end();
      return true;
    };
    expect(await asked(() => bring())).toEqual(['HEAD', 'GET']);
    expect(store.find(`${double.host}/app:v1`).id).toBe(image.id);
  });
  test('is cut off', async () => {
    await bring();
    double.answer = (request) => request.method === 'HEAD' && void request.destroy();
    expect(await asked(() => bring())).toEqual(['HEAD', 'GET']);
  });
});

test('what the registry no longer gives is an error, as it was', async () => {
  await bring();
  double.answer = (request, response) => {
    if (!request.url?.includes('/manifests/')) return false;
    refuse(response, 404, 'MANIFEST_UNKNOWN', 'manifest unknown');
    return true;
  };
  await expect(bring()).rejects.toThrow(/^manifest for .*\/app:v1 not found: manifest unknown/);
});

test('a real registry counts one GET for two pulls', async () => {
  const registry = await startRegistry();
  try {
    const there = registries.repository({ domain: registry.host, path: 'app' }, undefined);
    await upload(there, image.config, signal);
    await push(there, 'other', [layer], signal);
    await there.putManifest('v1', image.manifest, signal);
    for (let i = 0; i < 2; i++) await bring('v1', { host: registry.host });
    const requests = (method: string) =>
      registry
        .log()
        .split('\n')
        .filter(
          (line) =>
            line.includes('response completed') &&
            line.includes(`http.request.method=${method} `) &&
            line.includes('/v2/app/manifests/v1'),
        ).length;
    await expect.poll(() => requests('HEAD')).toBe(1);
    expect(requests('GET')).toBe(1);
  } finally {
    await registry.close();
  }
});
