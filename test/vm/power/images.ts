/**
 * What the virtual machine pulls and loads while its power is cut: a registry's files with two images that share layers, and a third one
 * as an archive. Each image says in /sums what its files must be. Usage: images.mjs FOLDER
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dockerArchive } from '../../../rootfs-fixtures/odd/archive.ts';
import { digestOf } from '../../../src/image/descriptor.ts';
import { openRegistries } from '../../../src/image/registry/registries.ts';
import { upload } from '../../support/blobs.ts';
import { gzipLayer, imageOf, type TestLayer, tarOf } from '../../support/image-parts.ts';
import { startRegistry } from '../../support/registry.ts';

const folder = process.argv[2] ?? 'build/vm/power';

type Files = Record<string, Buffer>;

const busybox = gzipLayer(readFileSync('build/busybox.tar'));
const small: Files = Object.fromEntries(
  Array.from({ length: 60 }, (_, i) => [`small/${i % 10}/${i}`, randomBytes((i * 37) % 5000)]),
);
const large = (name: string): Files => ({ [`large/${name}`]: randomBytes(500_000) });

/** The files, and a layer above them that tells their digests. */
function layersOf(...parts: Files[]): TestLayer[] {
  const sums = parts
    .flatMap((files) => Object.entries(files))
    .map(([path, bytes]) => `${digestOf(bytes).slice(7)}  ${path}\n`)
    .join('');
  return [...parts.map((files) => layerOf(files)), gzipLayer(tarOf({ sums }))];
}

const known = new Map<Files, TestLayer>();
function layerOf(files: Files): TestLayer {
  const layer = known.get(files) ?? gzipLayer(tarOf(files));
  known.set(files, layer);
  return layer;
}

const storage = join(folder, 'registry');
mkdirSync(storage, { recursive: true });
const registry = await startRegistry({ storage });
const registries = openRegistries({ limits: { keepAliveMs: 100 } });
const { signal } = new AbortController();
for (const name of ['a', 'b']) {
  const image = imageOf([busybox, ...layersOf(small, large(name))]);
  const repository = registries.repository({ domain: registry.host, path: name }, undefined);
  for (const part of [...image.layers, image.config]) await upload(repository, part, signal);
  await repository.putManifest('latest', image.manifest, signal);
}
await registries.close();
await registry.close();

const layers = [busybox, ...layersOf(small, large('c'))].map(({ tar }) => tar);
writeFileSync(join(folder, 'c.tar'), await dockerArchive({ layers, tags: ['c:latest'] }));
