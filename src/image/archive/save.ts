/**
 * `GET /images/get`: images as one archive, which is docker's and an OCI layout at once. Blobs and manifests are handed on as they
 * came; the same images give the same bytes.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Descriptor, type Digest, digestOf } from '../descriptor.ts';
import { layerArchive } from '../layer-archive.ts';
import { compose, keptManifest } from '../own-manifest.ts';
import { hexOf } from '../record.ts';
import type { ImageStore } from '../store.ts';
import { type Writable, writeTar } from '../tar/write.ts';
import { type Chosen, chooseImages } from './choose.ts';
import { blobName, documentsOf, type SavedImage } from './documents.ts';

/**
 * The images are held until the archive has been read, or given up.
 * @param names see `chooseImages`
 * @returns the archive, and the ids of the images in it
 * @throws NotFoundError, InvalidError before the first byte
 */
export function saveImages(
  store: ImageStore,
  names: readonly string[],
): { archive: AsyncGenerator<Buffer>; ids: string[] } {
  const chosen = chooseImages(store, names);
  return { archive: heldArchive(store, chosen), ids: chosen.map(({ image }) => image.id) };
}

async function* heldArchive(store: ImageStore, chosen: readonly Chosen[]): AsyncGenerator<Buffer> {
  const releases = chosen.map(({ image }) => store.hold(image.id));
  try {
    yield* writeTar(entries(store, chosen));
  } finally {
    for (const release of releases) release();
  }
}

async function* entries(store: ImageStore, chosen: readonly Chosen[]): AsyncGenerator<Writable> {
  yield folder('blobs');
  yield folder('blobs/sha256');
  const written = new Set<Digest>();
  const saved: SavedImage[] = [];
  for (const one of chosen) saved.push(yield* imageEntries(store, one, written));
  for (const [name, text] of documentsOf(saved)) yield memoryFile(name, Buffer.from(text));
}

/** The blobs of one image that no other has brought. */
async function* imageEntries(
  store: ImageStore,
  { image, references }: Chosen,
  written: Set<Digest>,
): AsyncGenerator<Writable, SavedImage> {
  const isNew = (digest: Digest) => !written.has(digest) && written.add(digest);
  const id = image.id as Digest;
  const config = await readFile(join(store.paths.images, hexOf(id), 'config.json'));
  if (isNew(id)) yield memoryFile(blobName(id), config);
  const kept = await keptManifest(store, image);
  const layers: Descriptor[] = [];
  for (const [i, diffId] of image.oci.diffIds.entries()) {
    const { descriptor, open } = await layerArchive(store, diffId, kept?.layers[i]);
    layers.push(descriptor);
    const { digest, size } = descriptor;
    if (isNew(digest)) yield { ...file(blobName(digest), size), body: open };
  }
  const { mediaType, bytes } = kept ?? compose({ digest: id, size: config.length }, layers, 'oci');
  const manifest = { mediaType, digest: digestOf(bytes), size: bytes.length };
  if (isNew(manifest.digest)) yield memoryFile(blobName(manifest.digest), bytes);
  const { architecture, os } = image.oci;
  return { id, layers, manifest, references, platform: { architecture, os } };
}

/** Of no date and nobody's: what differs from one time to the next has no place in it. */
function file(name: string, size: number): Writable {
  return {
    path: Buffer.from(name),
    type: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    size,
    mtime: { seconds: 0, nanoseconds: 0 },
    linkPath: Buffer.alloc(0),
    devMajor: 0,
    devMinor: 0,
    xattrs: new Map(),
  };
}

function folder(name: string): Writable {
  return { ...file(name, 0), type: 'directory', mode: 0o755 };
}

function memoryFile(name: string, bytes: Buffer): Writable {
  async function* body(): AsyncGenerator<Buffer> {
    yield bytes;
  }
  return { ...file(name, bytes.length), body };
}
