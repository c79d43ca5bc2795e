/**
 * `POST /…/prune`: gives disk space back. Of build caches Petri has none to give: it answers as docker's clients need it
 * for `system prune`. Networks are pruned in src/api/networks/prune.ts.
 */
import { emitVolume } from '../../container/events.ts';
import { pruneContainers } from '../../container/prune.ts';
import { volumeUsers } from '../../container/volume-users.ts';
import { InvalidError } from '../../errors/errors.ts';
import { storeBytes } from '../../image/disk-usage.ts';
import type { Image } from '../../image/image.ts';
import { pruneVolumes } from '../../volume/prune.ts';
import { anonymousLabel } from '../../volume/record.ts';
import { parseMoment } from '../client/moment.ts';
import type { Exchange } from '../exchange.ts';
import { Filters, fitsLabel } from '../filters.ts';
import { removeImage } from '../images/remove.ts';
import { userOf } from '../images/user.ts';

export const common = ['until', 'label', 'label!'];

/** `POST /containers/prune` */
export async function containers(exchange: Exchange): Promise<void> {
  const { engine, query } = exchange;
  const wanted = wantedBy(new Filters(query, common));
  const { deleted, reclaimedBytes } = await pruneContainers(engine, ({ record }) =>
    wanted(record.createdAt, record.config.Labels),
  );
  tell(exchange, 'container', reclaimedBytes);
  exchange.json({ ContainersDeleted: orNull(deleted), SpaceReclaimed: reclaimedBytes });
}

/** `POST /images/prune`: those without a name, with `dangling=false` all that no container uses. */
export async function images(exchange: Exchange): Promise<void> {
  const { engine, query } = exchange;
  const filters = new Filters(query, [...common, 'dangling']);
  const danglingOnly = filters.flag('dangling') ?? true;
  const wanted = wantedBy(filters);
  const before = storeBytes(engine.images);
  const deleted: { Untagged?: string; Deleted?: string }[] = [];
  const isPrunable = (image: Image) =>
    !(danglingOnly && image.tags.length > 0) &&
    wanted(image.created, image.config.Labels ?? {}) &&
    userOf(engine, image.id) === undefined;
  for (const image of engine.images.list().filter(isPrunable))
    deleted.push(...(await removeImage(engine, image.id, { force: true })));
  const reclaimed = Math.max(0, before - storeBytes(engine.images));
  tell(exchange, 'image', reclaimed);
  exchange.json({ ImagesDeleted: orNull(deleted), SpaceReclaimed: reclaimed });
}

/** `POST /volumes/prune`: those without a name, with `all` and for clients of before API 1.42 all that no container has. */
export async function volumes(exchange: Exchange): Promise<void> {
  const { engine, query } = exchange;
  const filters = new Filters(query, ['label', 'label!', 'all']);
  const isAll = filters.flag('all') || !exchange.since('1.42');
  const wanted = wantedBy(filters);
  const { deleted, reclaimedBytes } = await pruneVolumes(
    engine.volumes,
    (name) => volumeUsers(engine, name),
    ({ record: { createdAt, labels } }) =>
      (isAll || Object.hasOwn(labels ?? {}, anonymousLabel)) && wanted(createdAt, labels ?? {}),
  );
  for (const { name } of deleted) emitVolume(engine, name, 'destroy');
  tell(exchange, 'volume', reclaimedBytes);
  exchange.json({
    VolumesDeleted: orNull(deleted.map(({ name }) => name)),
    SpaceReclaimed: reclaimedBytes,
  });
}

/** `POST /build/prune`: there is no builder that could have left anything. */
export function buildCache(exchange: Exchange): void {
  exchange.json({ CachesDeleted: null, SpaceReclaimed: 0 });
}

export function orNull<T>(list: T[]): T[] | null {
  return list.length > 0 ? list : null;
}

/** @throws InvalidError for a moment that is none */
export function wantedBy(filters: Filters) {
  const [until, ...more] = filters.values('until');
  if (more.length > 0) throw new InvalidError('more than one until filter specified');
  const untilMs = until === undefined ? undefined : Number(parseMoment(until)) * 1000;
  if (Number.isNaN(untilMs)) throw new InvalidError(`invalid filter 'until=${until}'`);
  return (created: string, labels: Readonly<Record<string, string>>): boolean =>
    (untilMs === undefined || Date.parse(created) <= untilMs) &&
    filters.acceptsAll('label', (label) => fitsLabel(labels, label)) &&
    !(
      filters.values('label!').length > 0 &&
      filters.acceptsAll('label!', (label) => fitsLabel(labels, label))
    );
}

/** Docker's event of a prune: who it was is nobody, what it gave is said. */
function tell(
  { engine }: Exchange,
  type: 'container' | 'image' | 'volume',
  reclaimedBytes: number,
): void {
  engine.events.emit({
    type,
    action: 'prune',
    id: '',
    attributes: { reclaimed: String(reclaimedBytes) },
    timeNs: BigInt(Date.now()) * 1_000_000n,
  });
}
