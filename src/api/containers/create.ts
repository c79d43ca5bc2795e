import { create as createContainer } from '../../container/create.ts';
import { assertName } from '../../container/names.ts';
import { readJson } from '../body.ts';
import type { Exchange } from '../exchange.ts';
import { createRequest } from '../schema/create.ts';

/** `POST /containers/create?name=` */
export async function create(exchange: Exchange): Promise<void> {
  const { engine, query, request } = exchange;
  const name = query.text('name');
  const parts = createRequest(await readJson(request), engine.facts.cpus);
  const { id, warnings } = await createContainer(engine, {
    ...parts,
    ...(name ? { name: assertName(name) } : {}),
  });
  exchange.json({ Id: id, Warnings: warnings }, 201);
}
