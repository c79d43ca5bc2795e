/** `/volumes`: folders that outlive the containers that have them mounted. */
import { emitVolume } from '../../container/events.ts';
import { volumeUseCounts, volumeUsers } from '../../container/volume-users.ts';
import { NotFoundError } from '../../errors/errors.ts';
import { createVolume } from '../../volume/create.ts';
import { removeVolume } from '../../volume/remove.ts';
import { readJson } from '../body.ts';
import type { Exchange } from '../exchange.ts';
import { Filters, fitsLabel } from '../filters.ts';
import { volumeRequest } from '../schema/volume.ts';
import { volumeView } from '../views/volume.ts';

/** `POST /volumes/create`: one of that name that is there already is given as it is. */
export async function create(exchange: Exchange): Promise<void> {
  const { engine, request } = exchange;
  const wanted = volumeRequest(await readJson(request));
  const { volume, isNew, release } = await createVolume(engine.volumes, wanted);
  if (isNew) emitVolume(engine, volume.name, 'create');
  release();
  exchange.json(volumeView(volume), 201);
}

/** `GET /volumes` */
export function list(exchange: Exchange): void {
  const { engine, query } = exchange;
  const filters = new Filters(query, ['dangling', 'driver', 'label', 'name']);
  const dangling = filters.flag('dangling');
  const counts = volumeUseCounts(engine);
  const found = engine.volumes
    .all()
    .filter(
      ({ name, record }) =>
        (dangling === undefined || dangling === !counts.has(name)) &&
        filters.accepts('driver', (driver) => driver === record.driver) &&
        filters.accepts('name', (part) => name.includes(part)) &&
        filters.acceptsAll('label', (label) => fitsLabel(record.labels ?? {}, label)),
    );
  exchange.json({ Volumes: found.map((volume) => volumeView(volume)), Warnings: null });
}

/** `GET /volumes/{name}` */
export function inspect(exchange: Exchange): void {
  exchange.json(volumeView(exchange.engine.volumes.find(exchange.param('name'))));
}

/** `DELETE /volumes/{name}?force=`: with force one that is not there is as good as removed; one in use stays. */
export async function remove(exchange: Exchange): Promise<void> {
  const { engine, query } = exchange;
  const name = exchange.param('name');
  const force = query.flag('force');
  try {
    await removeVolume(engine.volumes, name, (one) => volumeUsers(engine, one));
    emitVolume(engine, name, 'destroy');
  } catch (error) {
    if (!(force && error instanceof NotFoundError)) throw error;
  }
  exchange.empty(204);
}
