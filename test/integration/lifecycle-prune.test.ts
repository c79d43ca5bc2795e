/** Giving disk space back, and saying what takes it: through the API, over a real engine. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { call, serve } from '../support/api.ts';
import { exitOf, launch, openTestEngine, type TestEngine } from '../support/engine.ts';

let world: TestEngine;
let api: Awaited<ReturnType<typeof serve>>;
beforeAll(async () => {
  world = await openTestEngine();
  api = await serve(world.engine, join(world.options.dataRoot, '..'));
});
afterAll(async () => {
  await api.close();
  await world.close();
});

async function json(method: string, path: string) {
  const answer = await call(api, method, path);
  expect(answer.status, answer.body).toBe(200);
  return JSON.parse(answer.body);
}
/** A root filesystem of one file. */
const archive = execFileSync('tar', ['-C', '/etc', '-c', 'hostname']);
const filters = (value: object) => `filters=${encodeURIComponent(JSON.stringify(value))}`;

async function ended(labels: Record<string, string> = {}): Promise<string> {
  const container = await launch(
    world,
    ['sh', '-c', 'head -c 100000 /dev/zero > /file'],
    { Labels: labels },
    { NetworkMode: 'none' },
  );
  await exitOf(world, container);
  return container.id;
}

test('containers that do not run go, by labels and age; running ones stay', async () => {
  const running = await launch(world, ['sleep', '1000'], {}, { NetworkMode: 'none' });
  const kept = await ended({ keep: 'yes' });
  const gone = await ended({ keep: 'no' });
  const none = await json('POST', `/containers/prune?${filters({ until: ['1h'] })}`);
  expect(none).toEqual({ ContainersDeleted: null, SpaceReclaimed: 0 });
  const some = await json('POST', `/containers/prune?${filters({ 'label!': ['keep=yes'] })}`);
  expect(some).toEqual({ ContainersDeleted: [gone], SpaceReclaimed: 100_000 });
  const old = `/containers/prune?${filters({ until: [new Date().toISOString()], label: ['keep'] })}`;
  expect(await json('POST', old)).toEqual({ ContainersDeleted: [kept], SpaceReclaimed: 100_000 });
  expect(world.engine.containers.all().map(({ id }) => id)).toEqual([running.id]);
  expect(world.engine.events.history().at(-1)).toMatchObject({
    type: 'container',
    action: 'prune',
    attributes: { reclaimed: '100000' },
  });
});

test('images without a name go; with dangling=false all that are not used', async () => {
  const { engine } = world;
  const [used] = engine.images.list();
  const dangling = await engine.images.import(Readable.from([archive]));
  const usage = await json('GET', '/system/df');
  expect(usage).toMatchObject({ Volumes: [], BuildCache: [], LayersSize: expect.any(Number) });
  expect(usage.Images).toHaveLength(2);
  expect(usage.Images.find(({ Id }: { Id: string }) => Id === used?.id)).toMatchObject({
    Containers: 1,
    SharedSize: 0,
  });
  expect(usage.Containers).toMatchObject([{ State: 'running', SizeRw: expect.any(Number) }]);
  expect((await json('GET', '/system/df?type=image')).Containers).toBeNull();
  // On the disk there are its files and the archive they came as.
  const own = usage.Images.find(({ Id }: { Id: string }) => Id === dangling.id);
  expect(own.Size - own.SharedSize).toBe(dangling.sizeBytes + archive.length);
  const pruned = await json('POST', '/images/prune');
  expect(pruned.ImagesDeleted).toContainEqual({ Deleted: dangling.id });
  expect(pruned.SpaceReclaimed).toBe(own.Size);
  expect((await json('GET', '/system/df')).LayersSize).toBe(usage.LayersSize - own.Size);
  await engine.images.import(Readable.from([archive]), { repo: 'named', tag: '1' });
  expect((await json('POST', '/images/prune')).ImagesDeleted).toBeNull();
  const all = await json('POST', `/images/prune?${filters({ dangling: { false: true } })}`);
  expect(all.ImagesDeleted).toContainEqual({ Untagged: 'named:1' });
  expect(engine.images.list().map(({ id }) => id)).toEqual([used?.id]);
});

test('what is not there gives nothing, and a wrong filter is 400', async () => {
  expect(await json('POST', '/networks/prune')).toEqual({ NetworksDeleted: null });
  expect(await json('POST', '/volumes/prune')).toMatchObject({ VolumesDeleted: null });
  expect(await json('POST', '/build/prune')).toMatchObject({ CachesDeleted: null });
  for (const bad of [{ nosuch: ['x'] }, { until: ['never'] }, { until: ['1h', '2h'] }])
    expect((await call(api, 'POST', `/containers/prune?${filters(bad)}`)).status).toBe(400);
  expect((await call(api, 'GET', '/system/df?type=nosuch')).status).toBe(400);
});
