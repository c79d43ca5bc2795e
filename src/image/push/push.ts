/**
 * `POST /images/{name}/push`: first the layers, some at a time, then the configuration, then the manifest: a repository has an
 * image only when it has all of it. distribution-spec "Push"
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addImage } from '../add.ts';
import { type Descriptor, type Digest, digestOf } from '../descriptor.ts';
import { compose, keptManifest } from '../own-manifest.ts';
import { LayerProgress, type Report, shortDigest } from '../progress.ts';
import { hexOf, type StoredImage } from '../record.ts';
import type { Repository } from '../registry/repository.ts';
import { someAtOnce } from '../some-at-once.ts';
import type { ImageStore } from '../store.ts';
import { pushLayer } from './layer.ts';

/** As dockerd's `--max-concurrent-uploads`. */
const uploadsAtOnce = 5;

export interface Pushed {
  digest: Digest;
  /** Of the manifest, bytes. */
  size: number;
}

/**
 * Pushes an image under one tag, and remembers that the repository has it. The caller holds the image.
 * @throws as the repository does; the tag is untouched then
 */
export async function pushImage(
  store: ImageStore,
  repository: Repository,
  image: StoredImage,
  tag: string,
  report: Report,
  signal: AbortSignal,
): Promise<Pushed> {
  const kept = await keptManifest(store, image);
  const layers = await pushLayers(store, repository, image, kept?.layers, report, signal);
  const bytes = await readFile(join(store.paths.images, hexOf(image.id), 'config.json'));
  const config = { digest: digestOf(bytes), size: bytes.length };
  const manifest = kept ?? compose(config, layers, 'docker');
  if (!(await repository.hasBlob(config.digest, signal)))
    await repository.uploadBlob(manifest.config, () => once(bytes), ignore, signal);
  const digest = await repository.putManifest(tag, manifest, signal);
  // It is the image's from now on: whatever way it goes next, it has this digest.
  const names = { digests: [`${repository.name}@${digest}`] };
  await addImage(store, { config: bytes, manifest: manifest.bytes }, names);
  return { digest, size: manifest.bytes.length };
}

/** The top one first, as docker shows them. */
async function pushLayers(
  store: ImageStore,
  repository: Repository,
  { oci: { diffIds } }: StoredImage,
  wanted: readonly Descriptor[] | undefined,
  report: Report,
  signal: AbortSignal,
): Promise<Descriptor[]> {
  const layers = diffIds.map((diffId, i) => ({
    diffId,
    wanted: wanted?.[i],
    progress: new LayerProgress(report, shortDigest(diffId)),
  }));
  const order = layers.toReversed();
  for (const { progress } of order) progress.say('Preparing');
  for (const { progress } of order.slice(uploadsAtOnce)) progress.say('Waiting');
  const pushed = await someAtOnce(order, uploadsAtOnce, signal, (layer, stop) =>
    pushLayer(store, repository, layer.diffId, layer.wanted, layer.progress, stop),
  );
  return pushed.reverse();
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

function ignore(): void {}
