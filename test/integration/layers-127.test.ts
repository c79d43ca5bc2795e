/** As many layers as there may be, on a kernel that takes overlay's layers one by one and on one that does not. */
import { createReadStream } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { dockerArchive, tar } from '../../rootfs-fixtures/odd/archive.ts';
import { manyLayers } from '../../rootfs-fixtures/odd/images.ts';
import { changes } from '../../src/container/changes.ts';
import { commit } from '../../src/container/commit.ts';
import { remove } from '../../src/container/remove.ts';
import { loadArchive } from '../../src/image/archive/load.ts';
import { collect, inPieces } from '../support/blobs.ts';
import { exitOf, launch, openTestEngine, run, type TestEngine } from '../support/engine.ts';
import { entriesOf, exported, put } from '../support/files.ts';

const kernel = vi.hoisted(() => ({ lowerdirPlus: true }));
vi.mock('../../src/kernel/overlay.ts', () => ({ overlayLowerdirPlus: () => kernel.lowerdirPlus }));

const none = { NetworkMode: 'none' };
const { signal } = new AbortController();
let engine: TestEngine;

/** busybox beneath 126 layers. */
beforeAll(async () => {
  engine = await openTestEngine();
  const busybox = await collect(createReadStream('build/busybox.tar'));
  const layers = [busybox, ...(await manyLayers(126))];
  const archive = await dockerArchive({ layers, tags: ['tall:1'] });
  await loadArchive(engine.engine.images, inPieces(archive), () => undefined, signal);
});
afterAll(() => engine.close());
afterEach(() => {
  kernel.lowerdirPlus = true;
});

describe.each([
  ['one option for each layer', true],
  ['all options on one page', false],
])('%s', (_name, lowerdirPlus) => {
  const use = () => {
    kernel.lowerdirPlus = lowerdirPlus;
    Object.assign(engine.engine.facts, { overlayLowerdirPlus: lowerdirPlus });
  };

  test('a container of 127 layers runs, and sees the topmost of each file', async () => {
    use();
    const look =
      'cat /top; ls -d /layer-* | wc -l; mount | grep -c " on / "; cat /proc/mounts | grep -c tmpfs.*rootfs';
    const { output } = await run(engine, ['sh', '-c', look], { Image: 'tall:1' }, none);
    expect(output).toBe('125\n126\n1\n0\n');
  });

  test('cp, diff, commit and export work on it, running or not', async () => {
    use();
    const { images } = engine.engine;
    const work = 'rm /layer-0; echo new > /top; sleep 1000';
    const container = await launch(engine, ['sh', '-c', work], { Image: 'tall:1' }, none);
    await expect
      .poll(async () => (await entriesOf(engine, container, '/top')).get('top')?.text)
      .toBe('new\n');
    await remove(engine.engine, container, { force: true, volumes: true });

    const stopped = await launch(
      engine,
      ['sh', '-c', 'rm /layer-0; echo new > /top'],
      { Image: 'tall:1' },
      none,
    );
    await exitOf(engine, stopped);
    await put(engine, stopped, '/', await tar([{ name: 'added', body: 'a' }]));
    expect((await entriesOf(engine, stopped, '/layer-9')).get('layer-9')?.text).toBe('9\n');
    expect((await changes(engine.engine, stopped)).map(({ path }) => path.toString())).toEqual([
      '/added',
      '/layer-0',
      '/top',
    ]);
    const names = await exported(engine, stopped);
    expect(names.has('layer-0')).toBe(false);
    expect(names.get('top')?.text).toBe('new\n');
    const options = { author: '', comment: '', changes: [], pause: false };
    await expect(commit(engine.engine, stopped, options)).rejects.toThrow(/max depth exceeded/);
    expect(images.list()).toHaveLength(2);
    await remove(engine.engine, stopped, { force: true, volumes: true });
  });
});

test('what is committed on 126 layers has 127, and runs', async () => {
  const busybox = await collect(createReadStream('build/busybox.tar'));
  const layers = [busybox, ...(await manyLayers(124)), await tar([{ name: 'last', body: 'x' }])];
  const archive = await dockerArchive({ layers, tags: ['tall:2'] });
  await loadArchive(engine.engine.images, inPieces(archive), () => undefined, signal);
  const container = await launch(engine, ['rm', '/last'], { Image: 'tall:2' }, none);
  await exitOf(engine, container);
  const options = { repo: 'taller', author: '', comment: '', changes: [], pause: false };
  await commit(engine.engine, container, options);
  expect(engine.engine.images.find('taller').diffIds).toHaveLength(127);
  const { output } = await run(engine, ['ls', '/last'], { Image: 'taller' }, none);
  expect(output).toBe('ls: /last: No such file or directory\n');
  await remove(engine.engine, container, { force: true, volumes: true });
});
