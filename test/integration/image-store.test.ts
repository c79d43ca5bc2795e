/** The image store on a real filesystem: import, find, tag, remove, and what a crash may leave. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConflictError, InvalidError, NotFoundError } from '../../src/errors/errors.ts';
import { ImageStore } from '../../src/image/store.ts';
import { Paths } from '../../src/store/paths.ts';

const log = pino({ level: 'silent' });
const nobody = () => undefined;
let scratch: string;
let paths: Paths;
let store: ImageStore;

beforeEach(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'petri-image-store-'));
  paths = new Paths(join(scratch, 'data'), join(scratch, 'run'));
  store = await ImageStore.open(paths, log);
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

/** An archive of a folder with one file that holds `content`. */
async function* archiveOf(content: string) {
  const dir = join(scratch, 'rootfs');
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'file'), content);
  yield execFileSync('tar', ['-C', dir, '--numeric-owner', '-cf', '-', '.']);
}

/** What is left when everything is removed. */
function leftovers(): string[] {
  return ['images', 'layers', 'staging', 'trash'].flatMap((dir) =>
    readdirSync(join(paths.data, dir)).map((name) => `${dir}/${name}`),
  );
}

/** An archive that is none, of which there is always more. */
function* endless() {
  for (;;) yield Buffer.alloc(4096, 'no tar ');
}

describe('import', () => {
  test('makes an image of one unpacked layer that is found by tag, id and prefix', async () => {
    const image = await store.import(archiveOf('hello'), {
      repo: 'demo',
      changes: ['CMD ["sh"]', 'ENV A=b'],
    });
    expect(image).toMatchObject({
      tags: ['demo:latest'],
      comment: 'Imported from -',
      os: 'linux',
      config: { Cmd: ['sh'], Env: ['A=b'] },
      sizeBytes: 5,
    });
    expect(readFileSync(join(image.layerDirs[0] as string, 'file'), 'utf8')).toBe('hello');
    for (const ref of [
      'demo',
      'demo:latest',
      'docker.io/library/demo',
      image.id,
      image.id.slice(7),
    ])
      expect(store.find(ref).id).toBe(image.id);
    expect(store.find(image.id.slice(7, 19)).id).toBe(image.id);
    expect(store.find(image.id.slice(0, 19)).id).toBe(image.id);
    expect(store.list().map(({ id }) => id)).toEqual([image.id]);
  });

  test('unpacks the same layer once and shares it', async () => {
    const a = await store.import(archiveOf('same'), { repo: 'a' });
    const b = await store.import(archiveOf('same'), { repo: 'b', changes: ['USER nobody'] });
    expect(b.layerDirs).toEqual(a.layerDirs);
    expect(readdirSync(paths.layers)).toHaveLength(1);
    expect(readdirSync(paths.staging)).toEqual([]);
  });

  test.each([
    [{ repo: 'Demo' }, /must be lowercase/],
    [{ repo: 'demo', tag: '..' }, /invalid tag format/],
    [{ changes: ['RUN sh'] }, /run is not a valid change command/],
    [{ platform: 'plan9/amd64' }, /operating system is not supported/],
  ])('refuses %j and leaves nothing', async (options, message) => {
    await expect(store.import(archiveOf('x'), options)).rejects.toThrow(message);
    expect(leftovers()).toEqual([]);
  });

  test('reads from a stream, and leaves it open when the archive is bad', async () => {
    const stream = Readable.from(endless());
    await expect(store.import(stream, { repo: 'bad' })).rejects.toThrow(/invalid archive/);
    expect(stream.destroyed).toBe(false);
    expect(leftovers()).toEqual([]);
    const image = await store.import(Readable.from(archiveOf('good')), { repo: 'good' });
    expect(image.sizeBytes).toBe(4);
  });

  test('refuses an archive that ends early and leaves nothing', async () => {
    async function* cut() {
      for await (const chunk of archiveOf('x'.repeat(5000))) yield chunk.subarray(0, 3000);
    }
    await expect(store.import(cut(), { repo: 'cut' })).rejects.toThrow(InvalidError);
    expect(leftovers()).toEqual([]);
  });
});

describe('find', () => {
  test('says what is not there in docker’s words', () => {
    expect(() => store.find('nothere')).toThrow(new NotFoundError('No such image: nothere:latest'));
    expect(() => store.find('a/b:1')).toThrow(new NotFoundError('No such image: a/b:1'));
    expect(() => store.find('')).toThrow(new InvalidError('invalid reference format'));
  });
});

describe('tags', () => {
  test('move from one image to another, also over a restart', async () => {
    const a = await store.import(archiveOf('a'), { repo: 'x' });
    const b = await store.import(archiveOf('b'), { repo: 'x' });
    await store.tag(a.id, 'localhost:5000/y', 'v1');
    store = await ImageStore.open(paths, log);
    expect(store.find('x').id).toBe(b.id);
    expect(store.find(a.id).tags).toEqual(['localhost:5000/y:v1']);
  });

  test('are right when a crash came between the two records', async () => {
    const a = await store.import(archiveOf('a'), { repo: 'x' });
    const record = join(paths.images, a.id.slice(7), 'image.json');
    const before = readFileSync(record);
    const b = await store.import(archiveOf('b'), { repo: 'x' });
    writeFileSync(record, before);
    store = await ImageStore.open(paths, log);
    expect(store.find('x').id).toBe(b.id);
    expect(store.find(a.id).tags).toEqual([]);
    expect(JSON.parse(readFileSync(record, 'utf8')).tags).toEqual({});
  });
});

describe('remove', () => {
  test('takes one of several tags, then the image and its layer', async () => {
    const image = await store.import(archiveOf('a'), { repo: 'x' });
    await store.tag('x', 'y');
    expect(await store.remove('x', {}, nobody)).toEqual([{ Untagged: 'x:latest' }]);
    expect(await store.remove('y', {}, nobody)).toEqual([
      { Untagged: 'y:latest' },
      { Deleted: image.id },
      { Deleted: image.diffIds[0] },
    ]);
    expect(leftovers()).toEqual([]);
    expect(() => store.find(image.id)).toThrow(NotFoundError);
  });

  test('keeps a layer that another image has', async () => {
    await store.import(archiveOf('same'), { repo: 'a' });
    const b = await store.import(archiveOf('same'), { repo: 'b', changes: ['USER nobody'] });
    await store.remove('a', {}, nobody);
    expect(readFileSync(join(b.layerDirs[0] as string, 'file'), 'utf8')).toBe('same');
  });

  test('refuses by id what has tags in two repositories, unless forced', async () => {
    const image = await store.import(archiveOf('a'), { repo: 'x' });
    await store.tag('x', 'y');
    await expect(store.remove(image.id, {}, nobody)).rejects.toThrow(
      `conflict: unable to delete ${image.id.slice(7, 19)} (must be forced) - image is referenced in multiple repositories`,
    );
    await store.remove(image.id, { force: true }, nobody);
    expect(leftovers()).toEqual([]);
  });

  test('refuses what a container uses, and with force takes only the name', async () => {
    const image = await store.import(archiveOf('a'), { repo: 'busybox' });
    const user = () => '1234'.repeat(16);
    await expect(store.remove('busybox', {}, user)).rejects.toThrow(
      new ConflictError(
        `conflict: unable to remove repository reference "busybox" (must force) - container 123412341234 is using its referenced image ${image.id.slice(7, 19)}`,
      ),
    );
    expect(await store.remove('busybox', { force: true }, user)).toEqual([
      { Untagged: 'busybox:latest' },
    ]);
    expect(store.find(image.id).tags).toEqual([]);
    expect(readdirSync(paths.layers)).toHaveLength(1);
  });

  test('keeps what is held, and what a container took meanwhile', async () => {
    const image = await store.import(archiveOf('a'), { repo: 'x' });
    const release = store.hold(image.id);
    expect(await store.remove('x', {}, nobody)).toEqual([{ Untagged: 'x:latest' }]);
    release();
    let asked = 0;
    expect(await store.remove(image.id, {}, () => (asked++ > 0 ? 'c' : undefined))).toEqual([]);
    expect(store.find(image.id).layerDirs).toEqual(image.layerDirs);
    await store.remove(image.id, {}, nobody);
    expect(leftovers()).toEqual([]);
  });

  test('by id says whether the container runs', async () => {
    const image = await store.import(archiveOf('a'), { repo: 'x' });
    const user = (running: boolean) => () => ({ container: 'c'.repeat(64), running });
    await expect(store.remove(image.id, {}, user(false))).rejects.toThrow(
      /\(must be forced\) - image is being used by stopped container cccccccccccc$/,
    );
    await expect(store.remove(image.id, { force: true }, user(true))).rejects.toThrow(
      /\(cannot be forced\) - image is being used by running container cccccccccccc$/,
    );
  });
});

describe('start', () => {
  test.each([
    ['image.json', '{"schema":1,'],
    ['image.json', '{"schema":9,"tags":{},"digests":[]}'],
    ['config.json', '{}'],
  ])('sets a broken %s (%j) aside and loads the others', async (file, content) => {
    const a = await store.import(archiveOf('a'), { repo: 'a' });
    const b = await store.import(archiveOf('b'), { repo: 'b' });
    writeFileSync(join(paths.images, a.id.slice(7), file), content);
    store = await ImageStore.open(paths, log);
    expect(store.list().map(({ id }) => id)).toEqual([b.id]);
    expect(readdirSync(paths.images).filter((name) => name.includes('.broken-'))).toHaveLength(1);
    // The layers of the broken one stay: a container may stand on them.
    await store.remove('b', {}, nobody);
    expect(readdirSync(paths.layers)).toHaveLength(2);
  });

  test('keeps a layer whose record is broken, without its size', async () => {
    const image = await store.import(archiveOf('a'), { repo: 'a' });
    writeFileSync(join(paths.layers, (image.diffIds[0] as string).slice(7), 'layer.json'), '{');
    store = await ImageStore.open(paths, log);
    expect(store.find('a').sizeBytes).toBe(0);
  });

  test('clears what was half-made, and layers without an image', async () => {
    const image = await store.import(archiveOf('a'), { repo: 'a' });
    mkdirSync(join(paths.staging, 'layer-half', 'diff'), { recursive: true });
    rmSync(join(paths.images, image.id.slice(7)), { recursive: true });
    store = await ImageStore.open(paths, log);
    expect(leftovers()).toEqual([]);
  });
});
