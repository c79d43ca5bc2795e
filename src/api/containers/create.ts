import { create as createContainer } from '../../container/create.ts';
import type { Engine } from '../../container/engine.ts';
import { assertName } from '../../container/names.ts';
import { NotFoundError } from '../../errors/errors.ts';
import type { Platform } from '../../image/manifest.ts';
import { mismatch, parsePlatform } from '../../image/platform.ts';
import { readJson } from '../body.ts';
import type { Exchange } from '../exchange.ts';
import { createRequest } from '../schema/create.ts';

/** `POST /containers/create?name=&platform=` */
export async function create(exchange: Exchange): Promise<void> {
  const { engine, query, request } = exchange;
  const name = query.text('name');
  const parts = createRequest(await readJson(request), engine.facts.cpus);
  const platform = query.text('platform');
  if (platform) assertPlatform(engine, parts.config.Image, parsePlatform(platform));
  const { id, warnings } = await createContainer(engine, {
    ...parts,
    ...(name ? { name: assertName(name) } : {}),
  });
  exchange.json({ Id: id, Warnings: warnings }, 201);
}

/** Clients take the answer as that of a missing image, and pull the one that fits. */
function assertPlatform({ images }: Engine, reference: string, wanted: Platform): void {
  const { os, architecture, variant } = images.find(reference);
  const problem = mismatch(reference, { os, architecture, variant }, wanted);
  if (problem) throw new NotFoundError(problem);
}
