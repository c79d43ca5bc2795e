/** `GET /system/df?type=`: what images, containers and volumes take on disk. */
import type { Engine } from '../../container/engine.ts';
import { volumeUseCounts } from '../../container/volume-users.ts';
import { InvalidError } from '../../errors/errors.ts';
import { storeBytes, usageOf } from '../../image/disk-usage.ts';
import { volumeBytes } from '../../volume/size.ts';
import { sizesOf } from '../containers/sizes.ts';
import type { Exchange } from '../exchange.ts';
import { containerSummary } from '../views/container-summary.ts';
import { imageSummary } from '../views/image.ts';
import { volumeView } from '../views/volume.ts';

const types = ['container', 'image', 'volume', 'build-cache'];

export async function df(exchange: Exchange): Promise<void> {
  const { engine, query } = exchange;
  const asked = query.all('type');
  const unknown = asked.find((type) => !types.includes(type));
  if (unknown !== undefined) throw new InvalidError(`unknown object type: ${unknown}`);
  const has = (type: string) => asked.length === 0 || asked.includes(type);
  exchange.json({
    LayersSize: has('image') ? storeBytes(engine.images) : 0,
    Images: has('image') ? imageUsage(engine) : null,
    Containers: has('container') ? await containerUsage(engine) : null,
    Volumes: has('volume') ? await volumeUsage(engine) : null,
    BuildCache: has('build-cache') ? [] : null,
    BuilderSize: 0,
  });
}

/** Sizes are those on the disk, archives included, so that they tell what a prune gives back. */
function imageUsage({ images, containers }: Engine): object[] {
  const all = images.list();
  const usage = usageOf(images, all);
  return all.map((image) => {
    const users = containers.all().filter(({ record }) => record.imageId === image.id);
    const { bytes = 0, sharedBytes = 0 } = usage.get(image.id) ?? {};
    return imageSummary({ ...image, sizeBytes: bytes }, users.length, sharedBytes);
  });
}

async function volumeUsage(engine: Engine): Promise<object[]> {
  const counts = volumeUseCounts(engine);
  const rows: object[] = [];
  for (const volume of engine.volumes.all()) {
    const usage = { RefCount: counts.get(volume.name) ?? 0, Size: await volumeBytes(volume) };
    rows.push(volumeView(volume, usage));
  }
  return rows;
}

async function containerUsage(engine: Engine): Promise<object[]> {
  const rows: object[] = [];
  const newest = engine.containers
    .all()
    .sort((a, b) => (a.record.createdAt < b.record.createdAt ? 1 : -1));
  for (const container of newest)
    rows.push(containerSummary(engine, container, await sizesOf(engine, container)));
  return rows;
}
