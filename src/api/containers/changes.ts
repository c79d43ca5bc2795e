import { changes } from '../../container/changes.ts';
import type { Exchange } from '../exchange.ts';
import { containerOf } from './find.ts';

/** `GET /containers/{id}/changes`; null when there are none, as dockerd says it. */
export async function listChanges(exchange: Exchange): Promise<void> {
  const found = await changes(exchange.engine, containerOf(exchange));
  const answer = found.map(({ path, kind }) => ({ Path: path, Kind: kind }));
  exchange.json(answer.length > 0 ? answer : null);
}
