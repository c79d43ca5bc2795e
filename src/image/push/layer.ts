/** One layer on its way to a repository: nothing is sent that the registry has, or can take from a neighbour. */
import type { Descriptor } from '../descriptor.ts';
import { compressedLayer, type LayerArchive } from '../layer-archive.ts';
import type { LayerProgress } from '../progress.ts';
import type { Repository } from '../registry/repository.ts';
import type { ImageStore } from '../store.ts';
import { Packing } from './packing.ts';

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
  const archive = compressedLayer(store, diffId, wanted);
  if (archive) await sendKept(store, repository, diffId, archive, progress, signal);
  const descriptor =
    archive?.descriptor ?? (await sendNew(store, repository, diffId, progress, signal));
  await remember(store, repository, diffId, descriptor);
  return descriptor;
}

async function sendKept(
  store: ImageStore,
  repository: Repository,
  diffId: string,
  { descriptor, open }: LayerArchive,
  progress: LayerProgress,
  signal: AbortSignal,
): Promise<void> {
  const { digest, size } = descriptor;
  const how = (await repository.hasBlob(digest, signal))
    ? 'Layer already exists'
    : await mountFromNeighbour(store, repository, diffId, descriptor, signal);
  if (how) return progress.say(how);
  const count = (sent: number) => progress.count('Pushing', sent, size);
  await repository.uploadBlob(descriptor, open, count, signal);
  progress.say('Pushed');
}

/** Packs, compresses and sends at the same time; what has been made is kept when the registry has it. */
async function sendNew(
  store: ImageStore,
  repository: Repository,
  diffId: string,
  progress: LayerProgress,
  signal: AbortSignal,
): Promise<Descriptor> {
  const packing = await Packing.begin(store, diffId, signal);
  const total = store.layers.get(diffId)?.sizeBytes ?? 0;
  const count = (sent: number) =>
    progress.count('Pushing', Math.min(packing.plainOf(sent), total), total);
  try {
    await repository.uploadBlob(packing.descriptor, () => packing.open(), count, signal);
    const descriptor = await packing.keep();
    progress.say('Pushed');
    return descriptor;
  } catch (error) {
    await packing.discard(error);
    throw error;
  }
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
