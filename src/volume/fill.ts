/**
 * The first fill: what an image has at the place of a new volume is copied into it, with owners, modes, attributes,
 * links and times. Both ends are walked by descriptors, as layers are (src/image/unpack.ts).
 */
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, opendirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { pack } from '../image/pack.ts';
import { defaultLimits } from '../image/tar/limits.ts';
import { Unpacker } from '../image/unpack.ts';
import { components, isKeptXattr } from '../image/unpack-names.ts';
import { open } from '../kernel/files.ts';
import { openBeneath } from '../kernel/files-at.ts';
import { removeTree } from '../store/remove-tree.ts';
import type { Volume, VolumeStore } from './store.ts';

/**
 * Does nothing when there is something in the volume.
 * @param from descriptor of the image's folder
 */
export function fillVolume(volumes: VolumeStore, volume: Volume, from: number): Promise<void> {
  const { data } = volume.paths;
  return volume.lock.run(async () => {
    if (!isEmpty(data)) return;
    // Whoever has the folder mounted would keep the old one.
    if (volume.holders.size > 0) await copyInto(data, from);
    else await replace(volumes, data, from);
  });
}

/** Made aside, it takes the folder's place when it is whole: a crash leaves no half of it. */
async function replace({ paths }: VolumeStore, data: string, from: number): Promise<void> {
  const aside = join(paths.staging, `fill.${randomBytes(8).toString('hex')}`);
  try {
    mkdirSync(aside);
    await copyInto(aside, from);
    renameSync(aside, data);
  } catch (error) {
    await removeTree(aside, paths.trash);
    throw error;
  }
}

function isEmpty(folder: string): boolean {
  const names = opendirSync(folder);
  try {
    return names.readSync() === null;
  } finally {
    names.closeSync();
  }
}

/** Names mean only themselves here, and the folder itself becomes as that of the image. */
async function copyInto(folder: string, from: number): Promise<void> {
  const root = open(folder, ['O_PATH', 'O_DIRECTORY', 'O_NOFOLLOW', 'O_CLOEXEC']);
  try {
    const unpacker = new Unpacker(root, defaultLimits, {
      open: openBeneath,
      components,
      isKeptXattr,
      meaningOf: () => ({ kind: 'plain' }),
      isSmuggledWhiteout: () => false,
    });
    for await (const entry of pack(from, { name: Buffer.alloc(0), hasTop: true }))
      await unpacker.add({ ...entry, body: () => bodyOf(entry.body?.()) });
    await unpacker.finish();
  } finally {
    closeSync(root);
  }
}

async function* bodyOf(chunks: AsyncIterable<Buffer> = none()): AsyncGenerator<Buffer> {
  yield* chunks;
}

async function* none(): AsyncGenerator<Buffer> {}
