/** Pulls into a real store, from a real registry and from one that lies. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pino from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { digestOf, mediaTypes } from '../../src/image/descriptor.ts';
import { parsePlatform } from '../../src/image/platform.ts';
import { type ProgressLine, shortDigest } from '../../src/image/progress.ts';
import { pull } from '../../src/image/pull/pull.ts';
import { Transfers } from '../../src/image/pull/transfers.ts';
import { parseTagged } from '../../src/image/reference.ts';
import { openRegistries } from '../../src/image/registry/registries.ts';
import type { FetchedManifest, Repository } from '../../src/image/registry/repository.ts';
import { ImageStore } from '../../src/image/store.ts';
import { defaultLimits } from '../../src/image/tar/limits.ts';
import { UnpackPool } from '../../src/image/unpacker/pool.ts';
import { Paths } from '../../src/store/paths.ts';
import { blobOf, configBlob, push, upload } from '../support/blobs.ts';
import {
  gzipLayer,
  imageOf,
  plainLayer,
  type TestImage,
  type TestLayer,
  tarOf,
} from '../support/image-parts.ts';
import { MemoryRepository } from '../support/memory-repository.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const log = pino({ level: 'silent' });
const nobody = () => undefined;
const { signal } = new AbortController();
let scratch: string;
let paths: Paths;
let store: ImageStore;
let transfers: Transfers;
let lines: ProgressLine[];

async function open(options = {}): Promise<void> {
  store = await ImageStore.open(paths, log, options);
  transfers = new Transfers(store);
}

beforeEach(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'petri-pull-'));
  paths = new Paths(join(scratch, 'data'), join(scratch, 'run'));
  lines = [];
  await open();
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

function everything(): string[] {
  return ['images', 'layers', 'blobs', 'staging', 'trash'].flatMap((dir) =>
    readdirSync(join(paths.data, dir)).map((name) => `${dir}/${name}`),
  );
}

function pullFrom(
  repository: Repository,
  name = 'demo',
  { platform, by = signal }: { platform?: string; by?: AbortSignal } = {},
) {
  return pull(store, transfers, repository, {
    reference: parseTagged(name),
    platform: platform ? parsePlatform(platform) : undefined,
    report: (line) => lines.push(line),
    signal: by,
  });
}

function zstdLayer(tar: Buffer): TestLayer {
  const bytes = execFileSync('zstd', ['-q', '-c'], { input: tar, maxBuffer: 1 << 28 });
  return { tar, ...blobOf(bytes, mediaTypes.ociLayerZstd) };
}

const base = gzipLayer(tarOf({ 'etc/base': 'b', noise: randomBytes(200_000) }));
const top = gzipLayer(tarOf({ 'etc/top': 't' }));

/** The lines about one layer, without the bytes. */
function told(layer: TestLayer): string[] {
  const id = layer.descriptor.digest.slice(7, 19);
  const all = lines.filter((line) => line.id === id).map(({ status = '' }) => status);
  return all.filter((status, i) => status !== all[i - 1]);
}

function indexOf(
  entries: { image: TestImage; platform?: object; lie?: object }[],
): FetchedManifest {
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: entries.map(({ image: { manifest }, platform, lie }) => ({
        mediaType: manifest.mediaType,
        digest: manifest.digest,
        size: manifest.bytes.length,
        ...(platform && { platform }),
        ...lie,
      })),
    }),
  );
  return { mediaType: mediaTypes.ociIndex, digest: digestOf(bytes), bytes };
}

describe('from a real registry', () => {
  let registry: TestRegistry;
  const registries = openRegistries({ limits: { pauseMs: 1, keepAliveMs: 100 } });
  beforeAll(async () => {
    registry = await startRegistry();
  });
  afterAll(async () => {
    await registries.close();
    await registry.close();
  });
  const repository = (path: string) =>
    registries.repository({ domain: registry.host, path }, undefined);

  async function publish(path: string, tag: string, image: TestImage) {
    for (const part of [...image.layers, image.config])
      await upload(repository(path), part, signal);
    await repository(path).putManifest(tag, image.manifest, signal);
  }

  test('layers in gzip, zstd and plain, unpacked in threads', async () => {
    const unpacker = new UnpackPool(resolve('dist/unpack-worker.mjs'));
    await open({ unpacker });
    const plain = plainLayer(tarOf({ 'etc/plain': 'p', '.wh.gone': '' }));
    const image = imageOf([base, zstdLayer(tarOf({ 'etc/zstd': 'z' })), plain]);
    await publish('lib/kinds', 'v1', image);
    const { image: pulled, isNewer } = await pullFrom(
      repository('lib/kinds'),
      `${registry.host}/lib/kinds:v1`,
    );
    expect(isNewer).toBe(true);
    expect(pulled).toMatchObject({
      id: image.id,
      tags: [`${registry.host}/lib/kinds:v1`],
      digests: [`${registry.host}/lib/kinds@${image.manifest.digest}`],
    });
    const [third = '', second = '', first = ''] = pulled.layerDirs;
    expect(readFileSync(join(first, 'etc/base'), 'utf8')).toBe('b');
    expect(readFileSync(join(second, 'etc/zstd'), 'utf8')).toBe('z');
    expect(readdirSync(third).sort()).toEqual(['etc', 'gone']);
    expect(readdirSync(paths.staging)).toEqual([]);
    expect(told(base)).toEqual([
      'Pulling fs layer',
      'Downloading',
      'Verifying Checksum',
      'Download complete',
      'Extracting',
      'Pull complete',
    ]);
    await unpacker.close();
  });

  test('a second pull fetches nothing, one of a shared layer what is new', async () => {
    await publish('lib/a', 'latest', imageOf([base]));
    await publish('lib/b', 'latest', imageOf([base, top]));
    await pullFrom(repository('lib/a'), `${registry.host}/lib/a`);
    expect((await pullFrom(repository('lib/a'), `${registry.host}/lib/a`)).isNewer).toBe(false);
    lines = [];
    expect((await pullFrom(repository('lib/b'), `${registry.host}/lib/b`)).isNewer).toBe(true);
    expect(told(base)).toEqual(['Already exists']);
    expect(told(top)).toContain('Pull complete');
  });

  test('a byte turned over in the registry’s storage is refused', async () => {
    const image = imageOf([gzipLayer(tarOf({ file: randomBytes(50_000) }))]);
    await publish('lib/bad', 'latest', image);
    const hex = image.layers[0]?.descriptor.digest.slice(7) as string;
    const path = join(
      registry.storage,
      'docker/registry/v2/blobs/sha256',
      hex.slice(0, 2),
      hex,
      'data',
    );
    execFileSync(
      'dd',
      ['if=/dev/zero', `of=${path}`, 'bs=1', 'seek=30000', 'count=3', 'conv=notrunc'],
      { stdio: 'ignore' },
    );
    await expect(pullFrom(repository('lib/bad'), `${registry.host}/lib/bad`)).rejects.toThrow(
      /verification failed for digest/,
    );
    expect(everything()).toEqual([]);
  });

  test('what was no image when it was pushed is none now', async () => {
    await push(repository('lib/none'), 'latest', [base], signal);
    await expect(pullFrom(repository('lib/none'), `${registry.host}/lib/none`)).rejects.toThrow(
      /^invalid image configuration/,
    );
    expect(everything()).toEqual([]);
  });
});

describe('of an index', () => {
  const amd = imageOf([base], { architecture: 'amd64' });
  const arm = imageOf([top], { architecture: 'arm64', variant: 'v8' });
  const attestation = imageOf([gzipLayer(tarOf({ a: 'a' }))], { architecture: 'unknown' });
  const index = indexOf([
    { image: attestation, platform: { os: 'unknown', architecture: 'unknown' } },
    { image: arm, platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } },
    { image: amd, platform: { os: 'linux', architecture: 'amd64' } },
  ]);
  const there = () => {
    const repository = new MemoryRepository();
    for (const image of [attestation, arm, amd]) repository.put(image, `only-${image.id}`);
    return repository.keep(index, 'latest');
  };

  test('this machine’s image is taken, and the index’s digest is what is remembered', async () => {
    const { image } = await pullFrom(there());
    expect(image.id).toBe(process.arch === 'arm64' ? arm.id : amd.id);
    expect(image.digests).toEqual([`demo@${index.digest}`]);
  });
  test('a platform is asked for', async () => {
    expect((await pullFrom(there(), 'demo', { platform: 'linux/arm64' })).image.id).toBe(arm.id);
    expect((await pullFrom(there(), 'demo', { platform: 'amd64' })).image.id).toBe(amd.id);
    expect(store.find(arm.id).tags).toEqual([]);
    await expect(pullFrom(there(), 'demo', { platform: 'linux/s390x' })).rejects.toThrow(
      'no matching manifest for linux/s390x in the manifest list entries',
    );
  });
  test('an image for another machine is pulled with a warning', async () => {
    const alone = new MemoryRepository().put(imageOf([top], { architecture: 's390x' }));
    await pullFrom(alone, 'demo', { platform: 'linux/amd64' });
    expect(lines.map(({ status }) => status)).toContain(
      'WARNING: image with reference demo:latest was found but does not match the specified platform: wanted linux/amd64, actual: linux/s390x',
    );
  });
});

test('a pull by digest moves no tag', async () => {
  const [first, second] = [imageOf([base]), imageOf([top])];
  const repository = new MemoryRepository().put(first).put(second, 'other');
  await pullFrom(repository);
  const { image } = await pullFrom(repository, `demo@${second.manifest.digest}`);
  expect(image).toMatchObject({ tags: [], digests: [`demo@${second.manifest.digest}`] });
  await pullFrom(repository, `demo:latest@${second.manifest.digest}`);
  expect(store.find('demo').id).toBe(first.id);
});

describe('what two pulls at once share', () => {
  test('is fetched once, and each hears of it', async () => {
    const repository = new MemoryRepository()
      .put(imageOf([base, top]))
      .put(imageOf([base]), 'small');
    const both = await Promise.all([pullFrom(repository), pullFrom(repository, 'demo:small')]);
    expect(both.map(({ isNewer }) => isNewer)).toEqual([true, true]);
    const asked = repository.asked.filter((digest) => digest === base.descriptor.digest);
    expect(asked).toHaveLength(1);
    expect(readdirSync(paths.staging)).toEqual([]);
  });
  test('goes on when one of them leaves, and ends with the last', async () => {
    const repository = new MemoryRepository().put(imageOf([base]));
    const [one, other] = [new AbortController(), new AbortController()];
    let reached = nobody as () => void;
    const isReached = new Promise<void>((done) => {
      reached = done;
    });
    let ended = 0;
    repository.before = async ({ digest }, offset, by) => {
      if (digest !== base.descriptor.digest || offset < 40_960) return;
      reached();
      await new Promise((_, reject) => by.addEventListener('abort', () => reject(by.reason)));
    };
    const first = pullFrom(repository, 'demo', { by: one.signal });
    const second = pullFrom(repository, 'demo', { by: other.signal });
    for (const each of [first, second]) each.catch(() => ended++);
    await isReached;
    one.abort(new Error('the first is gone'));
    await expect(first).rejects.toThrow('the first is gone');
    expect(readdirSync(paths.staging)).not.toEqual([]);
    other.abort(new Error('the second too'));
    await expect(second).rejects.toThrow('the second too');
    expect(ended).toBe(2);
    expect(everything()).toEqual([]);
    repository.before = nobody;
    expect((await pullFrom(repository)).isNewer).toBe(true);
  });
  test('is fetched again by who joined when the first one fails', async () => {
    const broken = new MemoryRepository().put(imageOf([base]));
    const sound = new MemoryRepository('docker.io/library/other').put(imageOf([base]));
    let fail = nobody as () => void;
    broken.before = ({ digest }, offset) =>
      digest === base.descriptor.digest && offset > 0
        ? new Promise((_, reject) => {
            fail = () => reject(new Error('the line is cut'));
          })
        : undefined;
    const first = pullFrom(broken);
    first.catch(nobody);
    await vi.waitFor(() => expect(fail).not.toBe(nobody), { interval: 5 });
    const ofBase = () =>
      lines.filter(({ id }) => id === shortDigest(base.descriptor.digest)).length;
    const heard = ofBase();
    const second = pullFrom(sound, 'other');
    // It hears how far the first one is: it has joined.
    await vi.waitFor(() => expect(ofBase()).toBeGreaterThan(heard), { interval: 5 });
    fail();
    await expect(first).rejects.toThrow('the line is cut');
    expect((await second).image.tags).toEqual(['other:latest']);
    expect(readdirSync(paths.staging)).toEqual([]);
  });
  test('stays while an image is removed under it', async () => {
    const repository = new MemoryRepository()
      .put(imageOf([base]))
      .put(imageOf([base, top]), 'more');
    await pullFrom(repository);
    repository.before = async ({ digest }) => {
      if (digest === top.descriptor.digest) await store.remove('demo', {}, nobody);
      repository.before = nobody;
    };
    const removed = pullFrom(repository, 'demo:more');
    const { image } = await removed;
    expect(readFileSync(join(image.layerDirs[1] as string, 'etc/base'), 'utf8')).toBe('b');
  });
});

describe('each lie is refused, and leaves nothing', () => {
  const good = imageOf([base, top]);
  const other = gzipLayer(tarOf({ other: 'o' }));
  const lying = (change: (repository: MemoryRepository) => void) => {
    const repository = new MemoryRepository().put(good);
    change(repository);
    return repository;
  };
  const swapped = (layers: TestLayer[], more: object): TestImage => imageOf(layers, more);
  test.each<[string, MemoryRepository, RegExp]>([
    [
      'a layer of other content, of the same size',
      lying((r) => r.blobs.set(top.descriptor.digest, Buffer.alloc(top.bytes.length))),
      /what came has the digest|cannot decompress|invalid archive/,
    ],
    [
      'a layer that is longer',
      lying((r) => r.blobs.set(top.descriptor.digest, Buffer.concat([top.bytes, top.bytes]))),
      /more bytes came/,
    ],
    [
      'a layer that is shorter',
      lying((r) => r.blobs.set(top.descriptor.digest, top.bytes.subarray(0, 50))),
      /50 bytes came/,
    ],
    [
      'a layer that is not what the configuration says',
      new MemoryRepository().put(
        swapped([base], { rootfs: { type: 'layers', diff_ids: [digestOf(other.tar)] } }),
      ),
      /layer verification failed/,
    ],
    [
      'fewer diff ids than layers',
      new MemoryRepository().put(
        swapped([base, top], { rootfs: { type: 'layers', diff_ids: [digestOf(base.tar)] } }),
      ),
      /2 layers, its configuration 1/,
    ],
    [
      'a diff id that is a path',
      new MemoryRepository().put(
        swapped([base], { rootfs: { type: 'layers', diff_ids: ['sha256:../../etc'] } }),
      ),
      /invalid image configuration/,
    ],
    [
      'another system',
      new MemoryRepository().put(swapped([base], { os: 'windows' })),
      /image operating system "windows" cannot be used on this platform/,
    ],
    [
      'an index that lies about a manifest’s size',
      new MemoryRepository().put(good, 'x').keep(
        indexOf([
          {
            image: good,
            platform: { os: 'linux', architecture: process.arch },
            lie: { size: 3 },
          },
        ]),
        'latest',
      ),
      /the index says/,
    ],
    [
      'an index that lies about a manifest’s type',
      new MemoryRepository().put(good, 'x').keep(
        indexOf([
          {
            image: good,
            platform: { os: 'linux', architecture: process.arch },
            lie: { mediaType: mediaTypes.dockerManifest },
          },
        ]),
        'latest',
      ),
      /the index says/,
    ],
    [
      'a chart in place of an image',
      (() => {
        const config = configBlob({ name: 'chart' });
        config.descriptor.mediaType = 'application/vnd.cncf.helm.config.v1+json';
        const document = { schemaVersion: 2, config: config.descriptor, layers: [base.descriptor] };
        const bytes = Buffer.from(JSON.stringify(document));
        const manifest = { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), bytes };
        return new MemoryRepository().keep(manifest, 'latest');
      })(),
      /Encountered remote "application\/vnd.cncf.helm.config.v1\+json"\(unknown\) when fetching/,
    ],
    [
      'a document that is both index and manifest',
      (() => {
        const document = { ...JSON.parse(good.manifest.bytes.toString()), manifests: [] };
        const bytes = Buffer.from(JSON.stringify(document));
        const manifest = { ...good.manifest, digest: digestOf(bytes), bytes };
        return new MemoryRepository().keep(manifest, 'latest');
      })(),
      /either an index or a manifest/,
    ],
    [
      'a layer that is not there',
      lying((r) => r.blobs.delete(base.descriptor.digest)),
      /not found/,
    ],
    ['no configuration', lying((r) => r.blobs.delete(good.config.descriptor.digest)), /not found/],
  ])('%s', async (_what, repository, message) => {
    await expect(pullFrom(repository)).rejects.toThrow(message);
    expect(everything()).toEqual([]);
    expect((await pullFrom(new MemoryRepository().put(good))).image.id).toBe(good.id);
  });

  test('a layer of another image’s, named by its content alone, is not taken for the blob', async () => {
    await pullFrom(new MemoryRepository('docker.io/library/a').put(imageOf([base])), 'a');
    // It says that `top`'s blob unpacks to what `base` unpacks to.
    const liar = new MemoryRepository().put(
      imageOf([top], {
        author: 'liar',
        rootfs: { type: 'layers', diff_ids: [digestOf(base.tar)] },
      }),
    );
    await expect(pullFrom(liar)).rejects.toThrow(/layer verification failed/);
  });
});

describe('a layer that ends early', () => {
  const layers = [1, 2, 3, 4, 5].map((n) =>
    gzipLayer(
      tarOf({ [`layer${n}/file`]: randomBytes(20_000), [`layer${n}/text`]: 'x'.repeat(9000) }),
    ),
  );
  const image = imageOf(layers);
  test.each([0, 1, 2, 3, 4])(
    'number %i, at fifty offsets: an error, nothing left, and the next pull works',
    async (n) => {
      const { descriptor, bytes } = layers[n] as TestLayer;
      for (let i = 0; i < 50; i++) {
        const repository = new MemoryRepository().put(image);
        const cut = Math.floor((i / 50) * bytes.length);
        repository.blobs.set(descriptor.digest, bytes.subarray(0, cut));
        await expect(pullFrom(repository)).rejects.toThrow(/bytes came|ends early|unexpected end/);
        expect(everything()).toEqual([]);
      }
      expect((await pullFrom(new MemoryRepository().put(image))).image.id).toBe(image.id);
    },
  );
});

describe('a bomb', () => {
  const zeros = Buffer.alloc(40_000_000);
  const bomb = (tar: Buffer) => new MemoryRepository().put(imageOf([gzipLayer(tar)]));
  const limits = {
    ...defaultLimits,
    archiveBytes: 60_000_000,
    entries: 50,
    pathDepth: 10,
    ratio: 100,
    ratioFromBytes: 1_000_000,
  };
  const many = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`f${i}`, '']));
  test.each<[string, MemoryRepository]>([
    ['ratio = 100', bomb(tarOf({ zeros }))],
    ['entries = 50', bomb(tarOf(many))],
    ['pathDepth = 10', bomb(tarOf({ [`${'d/'.repeat(12)}f`]: '' }))],
    [
      'archiveBytes = 60000000',
      (() => {
        const repository = new MemoryRepository().put(imageOf([base]));
        const document = JSON.parse(imageOf([base]).manifest.bytes.toString());
        document.layers[0].size = 2 ** 40;
        const bytes = Buffer.from(JSON.stringify(document));
        const manifest = { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), bytes };
        return repository.keep(manifest, 'latest');
      })(),
    ],
  ])('is stopped by its limit %s', async (limit, repository) => {
    await open({ limits });
    await expect(pullFrom(repository)).rejects.toThrow(`exceeds the limit ${limit}`);
    expect(everything()).toEqual([]);
  });
  test('in a thread likewise', async () => {
    const unpacker = new UnpackPool(resolve('dist/unpack-worker.mjs'));
    await open({ unpacker, limits });
    await expect(pullFrom(bomb(tarOf({ zeros })))).rejects.toThrow('exceeds the limit ratio = 100');
    expect(everything()).toEqual([]);
    await unpacker.close();
  });
});

test('a full disk is told as one, leaves nothing, and what fits is pulled afterwards', async () => {
  const data = join(scratch, 'data');
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', data]);
  try {
    await open();
    const large = ['a', 'b', 'c'].map((name) =>
      gzipLayer(tarOf({ [name]: randomBytes(4_000_000) })),
    );
    const repository = new MemoryRepository().put(imageOf(large)).put(imageOf([base]), 'small');
    await expect(pullFrom(repository)).rejects.toThrow(/no space left on .*make room/);
    expect(everything()).toEqual([]);
    expect((await pullFrom(repository, 'demo:small')).isNewer).toBe(true);
  } finally {
    execFileSync('umount', [data]);
  }
});
