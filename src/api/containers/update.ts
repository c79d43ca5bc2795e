import { assertBlockIo } from '../../container/option/block-io.ts';
import { update as updateContainer } from '../../container/update.ts';
import { readJson } from '../body.ts';
import type { Exchange } from '../exchange.ts';
import { assertLimits } from '../schema/limits.ts';
import { updateRequest } from '../schema/update.ts';
import { containerOf } from './find.ts';

/** `POST /containers/{id}/update` */
export async function update(exchange: Exchange): Promise<void> {
  const { engine, request } = exchange;
  const container = containerOf(exchange);
  const changes = updateRequest(await readJson(request));
  await updateContainer(engine, container, changes, (host) => {
    assertLimits(host, engine.facts.cpus);
    assertBlockIo(host);
  });
  exchange.json({ Warnings: null });
}
