/** `GET /distribution/{name}/json`: what a registry has under a name, without pulling it. */
import { InvalidError } from '../../errors/errors.ts';
import { isFullId, parseTagged } from '../../image/reference.ts';
import { inspectRemote } from '../../image/registry/inspect.ts';
import type { Exchange } from '../exchange.ts';
import { registryAuth } from '../registry-auth.ts';

export async function distribution(exchange: Exchange): Promise<void> {
  const { engine, request, signal } = exchange;
  const name = exchange.param('name');
  // An id names an image here, and nothing in a registry.
  if (isFullId(name)) throw new InvalidError(`unknown image reference found: ${name}`);
  const reference = parseTagged(name);
  const repository = engine.registries.repository(reference, registryAuth(request));
  const { descriptor, platforms } = await inspectRemote(repository, reference, signal);
  exchange.json({ Descriptor: descriptor, Platforms: platforms });
}
