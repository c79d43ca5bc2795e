/** Images whose VOLUME climbs, or is a link: a new volume holds nothing of the host (S34 of the list of threats). */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { create } from '../../src/container/create.ts';
import { remove } from '../../src/container/remove.ts';
import { InvalidError } from '../../src/errors/errors.ts';
import { removeVolume } from '../../src/volume/remove.ts';
import { openTestEngine, request, type TestEngine } from '../support/engine.ts';
import { entriesOf, exported, tarOf } from '../support/files.ts';

let tested: TestEngine;
/** Of the host: no container was given it. */
let canary: string;
let root: string;
beforeAll(async () => {
  tested = await openTestEngine();
});
afterAll(() => tested.close());
beforeEach(() => {
  const place = mkdtempSync(join(tmpdir(), 'petri-volume-'));
  [canary, root] = [join(place, 'canary'), join(place, 'root')];
  mkdirSync(join(root, 'own'), { recursive: true });
  mkdirSync(canary);
  writeFileSync(join(canary, 'secret'), 'of the host');
  return async () => {
    const { engine } = tested;
    for (const container of engine.containers.all())
      await remove(engine, container, { force: true, volumes: true });
    for (const { name } of engine.volumes.all()) await removeVolume(engine.volumes, name, () => []);
    rmSync(place, { recursive: true });
  };
});

/** A container of an image that is the folder `root`. */
async function made(...changes: string[]) {
  const { engine } = tested;
  await engine.images.import(Readable.from([tarOf(root, '.')]), {
    repo: 'hostile',
    changes: ['CMD ["x"]', ...changes],
  });
  const { id } = await create(
    engine,
    request(['x'], { Image: 'hostile' }, { NetworkMode: 'none' }),
  );
  return engine.containers.find(id);
}

test.each([
  ['an absolute link', () => canary, '/link'],
  ['a link that climbs', () => `../../../../../../../../../..${canary}`, '/link'],
  ['beneath a link', () => join(canary, '..'), '/link/canary'],
  ['a link to /proc', () => `/proc/self/root${canary}`, '/link'],
  ['a link to a descriptor of the engine', () => '/proc/self/fd/3', '/link'],
  ['a link to the engine’s own folder', () => tested.engine.paths.data, '/link'],
])('%s', async (_name, target, volume) => {
  symlinkSync(target(), join(root, 'link'));
  const container = await made(`VOLUME ${volume}`);
  const [name = ''] = tested.engine.volumes.all().map((one) => one.name);
  expect(readdirSync(tested.engine.paths.volume(name).data)).toEqual([]);
  const found = await exported(tested, container);
  expect([...found.values()].map(({ text }) => text).join()).not.toContain('of the host');
  const copied = await entriesOf(tested, container, volume).catch(() => new Map());
  expect([...copied.keys()].some((each) => each.includes('secret'))).toBe(false);
});

test.each(['/../../etc', '/own/../../../etc', '..', '/', '/proc', '/proc/sys', 'own'])(
  'VOLUME %j is refused, and no volume is made',
  async (path) => {
    await expect(made(`VOLUME ["${path}", "/own"]`)).rejects.toThrow(InvalidError);
    expect(tested.engine.volumes.all()).toEqual([]);
    expect(tested.engine.containers.all()).toEqual([]);
  },
);

test('by a path in the layer’s folder, as a careless engine would, the host is read', async () => {
  symlinkSync(canary, join(root, 'link'));
  const container = await made('VOLUME /link');
  const [layer = ''] = tested.engine.images.find(container.record.imageId).layerDirs;
  expect(readFileSync(join(layer, 'link', 'secret'), 'utf8')).toBe('of the host');
});
