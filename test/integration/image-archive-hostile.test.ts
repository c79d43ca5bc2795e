/**
 * Archives of images that lie: members outside of themselves, names that lead elsewhere, blobs that are others. Each is refused with
 * a reason, nothing of it is left, and the tag it wanted still means what it meant.
 */
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import {
  configOf,
  descriptor,
  dockerArchive,
  type Entry,
  layout,
  ociLayout,
  tar,
} from '../../rootfs-fixtures/odd/archive.ts';
import { digestOf, mediaTypes } from '../../src/image/descriptor.ts';
import { openImages, type TestImages } from '../support/images.ts';

let images: TestImages;
let layer: Buffer;
let config: Buffer;
let before: string[];
let victim: string;

beforeAll(async () => {
  images = await openImages();
  layer = await tar([{ name: 'file', body: 'x' }]);
  config = configOf({ layers: [layer] });
});
afterAll(() => images.close());
beforeEach(async () => {
  const mine = await dockerArchive({ layers: [], tags: ['victim:1'] });
  [victim = ''] = await images.load(mine);
  before = images.leftovers();
});
afterEach(async () => {
  expect(images.leftovers()).toEqual(before);
  expect(images.store.find('victim:1').id).toBe(victim);
  await images.clear();
});

/** docker's archive of one layer, with what is given in place of its parts. */
async function archive({
  manifest = [{ Config: 'c.json', RepoTags: ['victim:1'], Layers: ['l.tar'] }],
  more = [],
  without = [],
}: {
  manifest?: unknown;
  more?: Entry[];
  without?: string[];
}): Promise<Buffer> {
  const all: Entry[] = [
    { name: 'c.json', body: config },
    { name: 'l.tar', body: layer },
    { name: 'manifest.json', body: JSON.stringify(manifest) },
  ];
  return tar([...all.filter(({ name }) => !without.includes(String(name))), ...more]);
}

const entryOf = (fields: object) => [
  { Config: 'c.json', RepoTags: ['victim:1'], Layers: ['l.tar'], ...fields },
];
const link = (name: string, to: string, type: 'symlink' | 'link' = 'symlink'): Entry => ({
  name,
  type,
  link: to,
});

const docker: [name: string, make: () => Promise<Buffer>, reason: RegExp][] = [
  [
    'a layer that is a link to a file of the host',
    () => archive({ without: ['l.tar'], more: [link('l.tar', '/etc/passwd')] }),
    /leads out of it/,
  ],
  [
    'a link that climbs',
    () => archive({ more: [link('a/b', '../../etc/passwd')] }),
    /leads out of it/,
  ],
  [
    'a hard link that climbs',
    () => archive({ more: [link('b', '../x', 'link')] }),
    /leads out of it/,
  ],
  [
    'a configuration that is a link to itself',
    () => archive({ without: ['c.json'], more: [link('c.json', 'c.json')] }),
    /too many links/,
  ],
  [
    'links in a circle',
    () => archive({ without: ['l.tar'], more: [link('l.tar', 'm'), link('m', 'l.tar')] }),
    /too many links/,
  ],
  [
    'a link to nothing',
    () => archive({ without: ['l.tar'], more: [link('l.tar', 'nowhere')] }),
    /no file "l.tar"/,
  ],
  ['a member that climbs', () => archive({ more: [{ name: '../../x', body: 'x' }] }), /climbs out/],
  [
    'a member that is a device',
    () => archive({ more: [{ name: 'zero', type: 'char', devMajor: 1, devMinor: 5 }] }),
    /neither a file nor a folder/,
  ],
  [
    'a fifo in place of a layer',
    () => archive({ without: ['l.tar'], more: [{ name: 'l.tar', type: 'fifo' }] }),
    /neither a file nor a folder/,
  ],
  [
    'a configuration outside',
    () => archive({ manifest: entryOf({ Config: '/etc/passwd' }) }),
    /no file/,
  ],
  [
    'a configuration that climbs',
    () => archive({ manifest: entryOf({ Config: '../../../../etc/passwd' }) }),
    /no file/,
  ],
  [
    'a layer that climbs',
    () => archive({ manifest: entryOf({ Layers: ['x/../../l.tar'] }) }),
    /no file/,
  ],
  [
    'two files of one name',
    () => archive({ more: [{ name: 'l.tar', body: 'another' }] }),
    /comes twice/,
  ],
  [
    'a file and a link of one name',
    () => archive({ more: [link('./l.tar', 'c.json')] }),
    /comes twice/,
  ],
  [
    'a blob under another digest',
    () => archive({ more: [{ name: `blobs/sha256/${'0'.repeat(64)}`, body: 'x' }] }),
    /have the digest/,
  ],
  [
    'a manifest that is no list',
    () => archive({ manifest: {} }),
    /manifest.json: .*expected array/,
  ],
  [
    'a manifest that is no JSON',
    () => archive({ without: ['manifest.json'], more: [{ name: 'manifest.json', body: '[{' }] }),
    /manifest.json: /,
  ],
  [
    'a manifest of numbers',
    () => archive({ manifest: entryOf({ Layers: [7] }) }),
    /manifest.json: 0.Layers.0/,
  ],
  [
    'a manifest of 5 MB',
    () => archive({ manifest: [{ pad: 'x'.repeat(5e6) }] }),
    /larger than 4194304/,
  ],
  [
    'a tag that is a digest',
    () => archive({ manifest: entryOf({ RepoTags: [`victim@sha256:${'0'.repeat(64)}`] }) }),
    /digest reference/,
  ],
  [
    'a tag that is no reference',
    () => archive({ manifest: entryOf({ RepoTags: ['../victim'] }) }),
    /invalid reference format/,
  ],
  [
    'a layer that is no archive',
    () => archive({ without: ['l.tar'], more: [{ name: 'l.tar', body: 'x'.repeat(2000) }] }),
    /invalid archive/,
  ],
  ['a layer cut off', async () => (await archive({})).subarray(0, 3000), /ends early/],
  ['docker before 1.10', () => tar([{ name: 'repositories', body: '{}' }]), /before 1.10/],
  ['a root filesystem', () => tar([{ name: 'bin/sh', body: 'x' }]), /brought by import/],
];

const index = (...manifests: object[]) => ({ schemaVersion: 2, manifests });
const named = (bytes: Buffer, type: string) => ({
  ...descriptor(bytes, type),
  annotations: { 'io.containerd.image.name': 'victim:1' },
});

function manifestOf(changes: object = {}): Buffer {
  const blob = gzipSync(layer);
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      config: descriptor(config, mediaTypes.ociConfig),
      layers: [descriptor(blob, mediaTypes.ociLayerGzip)],
      ...changes,
    }),
  );
}

/** An index in an index in an index… */
function nested(depth: number): Buffer[] {
  const blobs = [manifestOf()];
  for (let i = 0; i < depth; i++) {
    const type = i === 0 ? mediaTypes.ociManifest : mediaTypes.ociIndex;
    blobs.unshift(Buffer.from(JSON.stringify(index(descriptor(blobs[0] as Buffer, type)))));
  }
  return blobs;
}

const oci: typeof docker = [
  [
    'an index that is a manifest',
    () => layout([], JSON.parse(String(manifestOf()))),
    /is not an index/,
  ],
  [
    'a manifest that is not there',
    () => layout([], index(named(manifestOf(), mediaTypes.ociManifest))),
    /no file/,
  ],
  [
    'a layer that is not there',
    () => layout([manifestOf(), config], index(named(manifestOf(), mediaTypes.ociManifest))),
    /no file/,
  ],
  [
    'a manifest under another type',
    () => layout([manifestOf()], index(named(manifestOf(), mediaTypes.ociIndex))),
    /invalid manifest/,
  ],
  [
    'a digest that is a path',
    () =>
      layout(
        [],
        index({ mediaType: mediaTypes.ociManifest, digest: 'sha256:../../../etc/passwd', size: 1 }),
      ),
    /invalid digest/,
  ],
  [
    'four indexes in one another',
    () => layout(nested(5), index(descriptor(nested(5)[0] as Buffer, mediaTypes.ociIndex))),
    /deep in one another/,
  ],
  [
    'no image of our platform',
    () =>
      layout(
        [manifestOf()],
        index({
          ...named(manifestOf(), mediaTypes.ociManifest),
          platform: { os: 'plan9', architecture: 'vax' },
        }),
      ),
    /names no image for linux/,
  ],
];

describe.each([
  ['docker archive', docker],
  ['OCI layout', oci],
] as const)('%s', (_form, cases) => {
  it.each(cases)('%s', async (_name, make, reason) => {
    const bytes = await make();
    await expect(images.load(bytes)).rejects.toThrow(reason);
    await expect(images.load(bytes)).rejects.toMatchObject({ kind: 'invalid' });
  });
});

test('an archive cut at any point is refused', async () => {
  const whole = await ociLayout({ layers: [layer], tags: ['victim:1'] });
  for (let at = 0; at < whole.length - 1024; at += 700)
    await expect(images.load(whole.subarray(0, at))).rejects.toMatchObject({ kind: 'invalid' });
});

test('the index of a docker archive cannot give an image a manifest of others', async () => {
  const other = configOf({ layers: [layer], config: { author: 'another' } });
  const blob = gzipSync(layer);
  const lie = manifestOf({ config: descriptor(other, mediaTypes.ociConfig) });
  const name = (bytes: Buffer) => `blobs/sha256/${digestOf(bytes).slice(7)}`;
  const [id = ''] = await images.load(
    await tar([
      ...[config, other, blob, lie].map((body) => ({ name: name(body), body })),
      { name: 'index.json', body: JSON.stringify(index(descriptor(lie, mediaTypes.ociManifest))) },
      {
        name: 'manifest.json',
        body: JSON.stringify([{ Config: name(config), Layers: [name(blob)] }]),
      },
    ]),
  );
  expect(id).toBe(digestOf(config));
  expect(images.store.stored(id).record.manifest).toBeUndefined();
  await images.store.remove(id, {}, () => undefined);
});
