/** Bytes of a container's files, as `size=1` asks for them. */
import type { Engine } from '../../container/engine.ts';
import { ownLayerBytes } from '../../container/layer-size.ts';
import type { Container } from '../../container/table.ts';

export async function sizesOf(
  engine: Engine,
  container: Container,
): Promise<{ SizeRw: number; SizeRootFs: number }> {
  const own = await ownLayerBytes(container);
  const image = engine.images.list().find(({ id }) => id === container.record.imageId);
  return { SizeRw: own, SizeRootFs: own + (image?.sizeBytes ?? 0) };
}
