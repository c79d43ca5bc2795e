/** A layer of which only the folder is kept leaves as what it was made of, or not at all. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configOf, tar } from '../../rootfs-fixtures/odd/archive.ts';
import { addImage } from '../../src/image/add.ts';
import { digestOf } from '../../src/image/descriptor.ts';
import { compressedLayer, layerArchive } from '../../src/image/layer-archive.ts';
import { Packing } from '../../src/image/push/packing.ts';
import { collect, inPieces } from '../support/blobs.ts';
import { openImages, type TestImages } from '../support/images.ts';

const { signal } = new AbortController();
let images: TestImages;
let layer: Buffer;
let diffId: string;

/** An image made here: of its layer there is no archive. */
beforeAll(async () => {
  images = await openImages();
  layer = await tar([
    { name: './', type: 'directory' },
    { name: 'file', body: 'content' },
  ]);
  diffId = digestOf(layer);
  const layers = [await images.store.layers.stage(inPieces(layer))];
  const config = configOf({ layers: [layer] });
  await addImage(images.store, { config, layers }, { tags: ['docker.io/library/made:1'] });
});
afterAll(() => images.close());

test('it is packed to the very bytes it was unpacked from', async () => {
  const { descriptor, open } = await layerArchive(images.store, diffId);
  expect(descriptor).toMatchObject({ digest: diffId, size: layer.length });
  expect((await collect(open())).equals(layer)).toBe(true);
});

test('it is no other than it was, or it stays', async () => {
  writeFileSync(join(images.store.layers.directory(diffId), 'file'), 'changed');
  await expect(images.save('made:1')).rejects.toThrow(/cannot give out the layer .*: .* packs to /);
  const packing = await Packing.begin(images.store, diffId, signal);
  await expect(collect(packing.open())).rejects.toThrow(/cannot give out the layer/);
  await expect(packing.descriptor).rejects.toThrow(/cannot give out the layer/);
  await packing.discard(undefined);
  expect(images.leftovers().filter((name) => /^(blobs|staging)/.test(name))).toEqual([]);
});

test('compressed for a registry it is remembered, and the same each time', async () => {
  const stores = [await openImages(), await openImages()];
  const digests: string[] = [];
  for (const { store } of stores) {
    const layers = [await store.layers.stage(inPieces(layer))];
    await addImage(store, { config: configOf({ layers: [layer] }), layers });
    const packing = await Packing.begin(store, diffId, signal);
    const sent = await collect(packing.open());
    expect(gunzipSync(sent).equals(layer)).toBe(true);
    const descriptor = await packing.keep();
    expect(descriptor).toMatchObject({ digest: digestOf(sent), size: sent.length });
    expect(store.layers.get(diffId)?.blob).toEqual(descriptor);
    const archive = compressedLayer(store, diffId);
    expect((await collect(archive?.open() ?? inPieces(layer))).equals(sent)).toBe(true);
    digests.push(descriptor.digest);
  }
  expect(digests[0]).toBe(digests[1]);
  for (const each of stores) each.close();
});
