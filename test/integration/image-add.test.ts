/** Images made of a manifest, a configuration and layers, and what of them stays when others go. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addImage } from '../../src/image/add.ts';
import { digestOf } from '../../src/image/descriptor.ts';
import { discardPart, stageBlob } from '../../src/image/stage-blob.ts';
import { ImageStore } from '../../src/image/store.ts';
import { Paths } from '../../src/store/paths.ts';
import { collect, inPieces } from '../support/blobs.ts';
import { gzipLayer, imageOf, plainLayer, type TestImage, tarOf } from '../support/image-parts.ts';

const log = pino({ level: 'silent' });
const nobody = () => undefined;
let scratch: string;
let paths: Paths;
let store: ImageStore;

beforeEach(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'petri-image-add-'));
  paths = new Paths(join(scratch, 'data'), join(scratch, 'run'));
  store = await ImageStore.open(paths, log);
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

const base = gzipLayer(tarOf({ 'etc/base': 'b' }));
const top = gzipLayer(tarOf({ 'etc/top': 't' }));

function everything(): string[] {
  return ['images', 'layers', 'blobs', 'staging', 'trash'].flatMap((dir) =>
    readdirSync(join(paths.data, dir)).map((name) => `${dir}/${name}`),
  );
}

async function add({ layers, config, manifest }: TestImage, repo: string) {
  const fresh = layers.filter(({ descriptor }) => !store.blobs.has(descriptor.digest));
  const parts = await Promise.all(
    fresh.map(({ bytes, descriptor }) =>
      stageBlob(store, descriptor, inPieces(bytes, 100), {
        sources: [`docker.io/library/${repo}`],
      }),
    ),
  );
  const all = {
    config: config.bytes,
    manifest: manifest.bytes,
    layers: parts.map(({ layer }) => layer),
    blobs: parts.map(({ blob }) => blob),
  };
  const name = `docker.io/library/${repo}`;
  const names = { tags: [`${name}:latest`], digests: [`${name}@${manifest.digest}`] };
  return addImage(store, all, names).catch(async (error) => {
    for (const part of parts) await discardPart(store, part);
    throw error;
  });
}

test('an image keeps its manifest and its compressed layers as they came, over a restart', async () => {
  const image = imageOf([base, top]);
  const added = await add(image, 'demo');
  expect(added).toMatchObject({
    id: image.id,
    tags: ['demo:latest'],
    digests: [`demo@${image.manifest.digest}`],
  });
  store = await ImageStore.open(paths, log);
  const { record, blobs } = store.stored('demo');
  expect(record.manifest).toBe(image.manifest.digest);
  expect(blobs).toEqual([image.manifest.digest, base.descriptor.digest, top.descriptor.digest]);
  expect(await store.blobs.readVerified(image.manifest.digest)).toEqual(image.manifest.bytes);
  const layer = store.layers.get(digestOf(top.tar));
  expect(layer).toMatchObject({ blob: top.descriptor, sources: ['docker.io/library/demo'] });
  expect(await collect(store.blobs.read(top.descriptor.digest))).toEqual(top.bytes);
  const [upper = ''] = store.find('demo').layerDirs;
  expect(readFileSync(join(upper, 'etc/top'), 'utf8')).toBe('t');
});

test('what two images share goes with the last of them', async () => {
  await add(imageOf([base, top]), 'both');
  await add(imageOf([base], { author: 'x' }), 'lower');
  await store.remove('both', {}, nobody);
  expect(store.layers.all()).toEqual([digestOf(base.tar)]);
  expect(store.blobs.has(base.descriptor.digest)).toBe(true);
  expect(store.blobs.has(top.descriptor.digest)).toBe(false);
  await store.remove('lower', {}, nobody);
  expect(everything()).toEqual([]);
});

test('what is held stays until the hold ends', async () => {
  await add(imageOf([base]), 'held');
  const release = store.layers.holds.hold(digestOf(base.tar));
  await store.remove('held', {}, nobody);
  expect(store.layers.all()).toEqual([digestOf(base.tar)]);
  release();
  await store.collectGarbage();
  expect(everything()).toEqual([]);
});

test('a layer made here learns the blob it also comes as', async () => {
  const layers = [await store.layers.stage(inPieces(base.tar))];
  const made = await addImage(store, { config: imageOf([base]).config.bytes, layers });
  expect(store.layers.get(made.diffIds[0] as string)?.blob).toBeUndefined();
  await add(imageOf([base]), 'pulled');
  expect(store.layers.get(made.diffIds[0] as string)?.blob).toEqual(base.descriptor);
});

test('one configuration in two manifests is one image of two digests', async () => {
  const first = imageOf([base]);
  const second = imageOf([plainLayer(base.tar)]);
  await add(first, 'one');
  const image = await add(second, 'one');
  expect(image.id).toBe(first.id);
  const digests = [first, second].map(({ manifest }) => `one@${manifest.digest}`);
  expect(image.digests).toEqual(digests);
});

test.each([
  ['whose layers are not all there', (image: TestImage) => ({ ...image, layers: [] })],
  [
    'whose manifest has fewer layers',
    (image: TestImage) => ({ ...imageOf([]), ...{ config: image.config } }),
  ],
  [
    'whose manifest names another configuration',
    (image: TestImage) => ({ ...image, config: imageOf([top]).config }),
  ],
])('an image %s is refused, and nothing is left of it', async (_what, change) => {
  await expect(add(change(imageOf([base])), 'bad')).rejects.toThrow(/^invalid (image|manifest)/);
  expect(everything()).toEqual([]);
});

test.each([
  ['other bytes', Buffer.concat([base.bytes.subarray(0, -1), Buffer.from([1])])],
  ['too few', base.bytes.subarray(0, -5)],
  ['too many', Buffer.concat([base.bytes, base.bytes])],
])('%s than the descriptor’s are refused', async (_what, bytes) => {
  await expect(stageBlob(store, base.descriptor, inPieces(bytes, 50))).rejects.toThrow();
  expect(everything()).toEqual([]);
});

test('an image whose manifest is damaged is one without', async () => {
  const image = imageOf([base]);
  await add(image, 'damaged');
  writeFileSync(store.blobs.path(image.manifest.digest), 'x');
  store = await ImageStore.open(paths, log);
  expect(store.stored('damaged').record.manifest).toBeUndefined();
  expect(store.blobs.has(image.manifest.digest)).toBe(false);
});

test('digests go with the last tag of their repository, or each by itself', async () => {
  const image = imageOf([base]);
  const digest = `demo@${image.manifest.digest}`;
  await add(image, 'demo');
  await store.tag('demo', 'demo', 'v2');
  expect(await store.remove('demo:v2', {}, nobody)).toEqual([{ Untagged: 'demo:v2' }]);
  const removed = await store.remove('demo', {}, nobody);
  expect(removed.slice(0, 2)).toEqual([{ Untagged: 'demo:latest' }, { Untagged: digest }]);
  await add(image, 'demo');
  expect(await store.remove(digest, {}, nobody)).toEqual([{ Untagged: digest }]);
  expect(store.find('demo').digests).toEqual([]);
});
