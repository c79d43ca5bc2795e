/** One layer on its way to a repository: nothing is sent that the registry has, or can take from a neighbour. */
import type { Descriptor } from '../descriptor.ts';
import { compressedLayer } from '../layer-archive.ts';
import type { LayerProgress } from '../progress.ts';
import type { Repository } from '../registry/repository.ts';
import type { ImageStore } from '../store.ts';

/** How many neighbours are asked before the bytes are sent. */
const mountsMax = 3;

/**
 * The caller holds the image.
 * @param wanted the blob that the image's manifest names, if that is pushed as it is
 * @returns what the repository now has
 * @throws as the repository does, SystemError when the layer cannot be packed
 */
export async function pushLayer(
  store: ImageStore,
  repository: Repository,
  diffId: string,
  wanted: Descriptor | undefined,
  progress: LayerProgress,
  signal: AbortSignal,
): Promise<Descriptor> {
  const { descriptor, open } = await compressedLayer(store, diffId, wanted);
  const { digest, size } = descriptor;
  signal.throwIfAborted();
  const how = (await repository.hasBlob(digest, signal))
    ? 'Layer already exists'
    : await mountFromNeighbour(store, repository, diffId, descriptor, signal);
  if (how) progress.say(how);
  else {
    const count = (sent: number) => progress.count('Pushing', sent, size);
    await repository.uploadBlob(descriptor, open, count, signal);
    progress.say('Pushed');
  }
  await remember(store, repository, diffId, descriptor);
  return descriptor;
}

/** @returns docker's words for it; undefined when nobody has it */
async function mountFromNeighbour(
  store: ImageStore,
  repository: Repository,
  diffId: string,
  { digest }: Descriptor,
  signal: AbortSignal,
): Promise<string | undefined> {
  const layer = store.layers.get(diffId);
  if (layer?.blob?.digest !== digest) return undefined;
  const [domain = ''] = repository.name.split('/', 1);
  const neighbours = (layer.sources ?? [])
    .filter((source) => source.startsWith(`${domain}/`) && source !== repository.name)
    .map((source) => source.slice(domain.length + 1));
  for (const from of neighbours.slice(-mountsMax).reverse())
    if (await repository.mountBlob(digest, from, signal)) return `Mounted from ${from}`;
  return undefined;
}

async function remember(
  store: ImageStore,
  { name }: Repository,
  diffId: string,
  { digest }: Descriptor,
): Promise<void> {
  const layer = store.layers.get(diffId);
  const sources = layer?.sources ?? [];
  if (layer?.blob?.digest !== digest || sources.includes(name)) return;
  await store.layers.update(diffId, { sources: [...sources, name] });
}
