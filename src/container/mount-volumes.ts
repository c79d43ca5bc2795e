/** The devices of a container's volumes are mounted for it while it runs. */
import { mountFor, unmountFor } from '../volume/mount.ts';
import type { Engine } from './engine.ts';
import type { ContainerRecord } from './record.ts';
import type { Container } from './table.ts';
import { volumeNames } from './volume-users.ts';

/**
 * @param holder whom they are mounted for, itself unless told
 * @throws NotFoundError when a volume is gone, InvalidError when the kernel refuses a device; what was mounted before
 *   stays until `unmountVolumes`
 */
export async function mountVolumes(
  engine: Engine,
  { id, record }: Container,
  holder = id,
): Promise<void> {
  for (const name of volumeNames(record)) await mountFor(engine.volumes.find(name), holder);
}

/** Idempotent. */
export async function unmountVolumes(
  engine: Engine,
  { id, record }: Container,
  holder = id,
): Promise<void> {
  for (const volume of volumesOf(engine, record)) await unmountFor(volume, holder);
}

/** An earlier engine may have mounted them for it: they stay so. */
export function keepMounted(engine: Engine, { id, record }: Container): void {
  for (const volume of volumesOf(engine, record)) volume.holders.add(id);
}

function volumesOf(engine: Engine, record: ContainerRecord) {
  return volumeNames(record).flatMap((name) => engine.volumes.get(name) ?? []);
}
