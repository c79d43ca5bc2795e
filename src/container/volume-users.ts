/** Who uses which volume: it follows from the records of the containers, running or not, and is stored nowhere. */
import type { Engine } from './engine.ts';
import { isVolume, mountsOf } from './option/mount-points.ts';
import type { ContainerRecord } from './record.ts';

/** Names of the volumes that a container has mounted, each once. */
export function volumeNames(record: ContainerRecord): string[] {
  return [
    ...new Set(
      mountsOf(record)
        .filter(isVolume)
        .map(({ name }) => name),
    ),
  ];
}

/** Ids of the containers that have it. */
export function volumeUsers(engine: Engine, name: string): string[] {
  return engine.containers
    .all()
    .filter(({ record }) => volumeNames(record).includes(name))
    .map(({ id }) => id);
}

/** How many containers have each volume that any has. */
export function volumeUseCounts(engine: Engine): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { record } of engine.containers.all())
    for (const name of volumeNames(record)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
