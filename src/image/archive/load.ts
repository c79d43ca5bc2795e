/**
 * `POST /images/load`: the images of an archive. Each is visible when all of it is there; its layers are unpacked some at a time,
 * and those that the store has are not unpacked at all.
 */
import { InvalidError } from '../../errors/errors.ts';
import { addImage, readConfig } from '../add.ts';
import type { StagedBlob } from '../blob-writer.ts';
import type { StagedLayer } from '../layers.ts';
import type { OciConfig } from '../oci-config.ts';
import { LayerProgress, type Report, shortDigest } from '../progress.ts';
import { idOf } from '../record.ts';
import { familiarForm, parseReference } from '../reference.ts';
import { someAtOnce } from '../some-at-once.ts';
import { describe } from '../stage-blob.ts';
import type { ImageStore } from '../store.ts';
import { GrowingFile } from '../unpacker/growing-file.ts';
import { type ArchivedImage, imagesIn } from './contents.ts';
import { Members } from './members.ts';

/** The threads that unpack are fewer; the others wait for one. */
const layersAtOnce = 8;

/**
 * @param archive not destroyed when it is refused halfway: an HTTP request's socket still carries the answer
 * @param report is told of each layer, of each tag that moves, and of each image
 * @returns the images' ids
 * @throws InvalidError for a bad archive; images before the bad one are there, of it and those after it nothing is
 */
export async function loadArchive(
  store: ImageStore,
  archive: AsyncIterable<Uint8Array>,
  report: Report,
  signal: AbortSignal,
): Promise<string[]> {
  const members = await Members.read(store.blobs, archive, store.layers.limits);
  try {
    const ids: string[] = [];
    for (const image of await imagesIn(members))
      ids.push(await loadOne(store, image, report, signal));
    return ids;
  } finally {
    await members.discard();
  }
}

async function loadOne(
  store: ImageStore,
  image: ArchivedImage,
  report: Report,
  signal: AbortSignal,
): Promise<string> {
  const { config, layers, manifest, tags } = image;
  const oci = readConfig(config);
  assertLoadable(oci, layers);
  const releases = oci.diffIds.map((diffId) => store.layers.holds.hold(diffId));
  const staged: StagedLayer[] = [];
  try {
    await stageLayers(store, oci.diffIds, layers, staged, report, signal);
    const blobs = blobsFor(store, image, staged);
    const id = idOf(config);
    const moved = tags.flatMap((tag) => tagMoves(store, tag, id));
    await addImage(store, { config, manifest, layers: staged, blobs }, { tags });
    for (const stream of moved) report({ stream });
    for (const stream of loaded(id, tags)) report({ stream });
    return id;
  } catch (error) {
    for (const layer of staged) await store.layers.discard(layer);
    throw error;
  } finally {
    for (const release of releases) release();
  }
}

function assertLoadable({ os, diffIds }: OciConfig, layers: readonly StagedBlob[]): void {
  if (os !== 'linux') throw new InvalidError(`cannot load ${os} image on linux`);
  if (layers.length !== diffIds.length)
    throw new InvalidError(
      `invalid manifest, layers length mismatch: expected ${diffIds.length}, got ${layers.length}`,
    );
}

/** @param staged gets those that are new, also when others fail */
async function stageLayers(
  store: ImageStore,
  diffIds: readonly string[],
  layers: readonly StagedBlob[],
  staged: StagedLayer[],
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const wanted = [...new Map(diffIds.map((diffId, i) => [diffId, layers[i] as StagedBlob]))];
  const missing = wanted.filter(([diffId]) => !store.layers.get(diffId));
  await someAtOnce(missing, layersAtOnce, signal, async ([diffId, blob]) => {
    const progress = new LayerProgress(report, shortDigest(diffId));
    const file = new GrowingFile(blob.path, (done) =>
      progress.count('Loading layer', done, blob.sizeBytes),
    );
    file.grow(blob.sizeBytes);
    file.complete();
    const layer = await store.layers.stage(file, async () => ({ blob: await describe(blob) }));
    staged.push(layer);
    if (layer.diffId !== diffId)
      throw new InvalidError(
        `invalid diffID for layer ${diffIds.indexOf(diffId)}: expected "${diffId}", got "${layer.diffId}"`,
      );
  });
}

/** Those that new layers came as, and those that the manifest names. */
function blobsFor(
  { blobs }: ImageStore,
  { layers, manifest }: ArchivedImage,
  staged: readonly StagedLayer[],
): StagedBlob[] {
  const news = new Set(staged.map(({ blob }) => blob?.digest));
  const wanted = layers.filter(({ digest }) => manifest !== undefined || news.has(digest));
  return [...new Set(wanted)].filter(({ digest }) => !blobs.has(digest));
}

/** A tag that leaves another image is told, in docker's words: nobody is to lose a name unawares. */
function tagMoves(store: ImageStore, tag: string, id: string): string[] {
  const name = familiarForm(parseReference(tag));
  const before = store.list().find((image) => image.tags.includes(name));
  if (!before || before.id === id) return [];
  return [
    `The image ${name} already exists, renaming the old one with ID ${before.id} to empty string\n`,
  ];
}

function loaded(id: string, tags: readonly string[]): string[] {
  if (tags.length === 0) return [`Loaded image ID: ${id}\n`];
  return tags.map((tag) => `Loaded image: ${familiarForm(parseReference(tag))}\n`);
}
