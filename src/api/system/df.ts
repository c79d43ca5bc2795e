/** `GET /system/df?type=`: what images, containers and volumes take on disk. */
import type { Engine } from '../../container/engine.ts';
import { volumeUseCounts } from '../../container/volume-users.ts';
import { InvalidError } from '../../errors/errors.ts';
import type { Image } from '../../image/image.ts';
import { sharedSize } from '../../image/shared-size.ts';
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
    LayersSize: has('image') ? layersBytes(engine) : 0,
    Images: has('image') ? engine.images.list().map((image) => imageUsage(engine, image)) : null,
    Containers: has('container') ? await containerUsage(engine) : null,
    Volumes: has('volume') ? await volumeUsage(engine) : null,
    BuildCache: has('build-cache') ? [] : null,
    BuilderSize: 0,
  });
}

/** Sum of the unpacked layers, each counted once. */
export function layersBytes({ images: { layers } }: Engine): number {
  return layers.all().reduce((sum, diffId) => sum + (layers.get(diffId)?.sizeBytes ?? 0), 0);
}

function imageUsage(engine: Engine, image: Image): object {
  const users = engine.containers.all().filter(({ record }) => record.imageId === image.id);
  const shared = sharedSize(engine.images, image, engine.images.list());
  return imageSummary(image, users.length, shared);
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
