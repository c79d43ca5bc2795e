/**
 * The first fill: what an image has at the place of a new volume is copied into it, with owners, modes, attributes,
 * links and times. Both ends are walked by descriptors, as layers are (src/image/unpack.ts).
 */
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
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
 * @param isSeen a running container has the volume, or a device is mounted on it: then it is filled where it is. Else
 *   it is made aside and takes the folder's place, so that a crash leaves no half of it
 */
export function fillVolume(
  volumes: VolumeStore,
  volume: Volume,
  from: number,
  isSeen: boolean,
): Promise<void> {
  const { data } = volume.paths;
  return volume.lock.run(async () => {
    if (readdirSync(data).length > 0) return;
    if (isSeen) return await copyInto(data, from);
    const { staging, trash } = volumes.paths;
    const aside = join(staging, `fill.${randomBytes(8).toString('hex')}`);
    try {
      mkdirSync(aside);
      await copyInto(aside, from);
      renameSync(aside, data);
    } catch (error) {
      await removeTree(aside, trash);
      throw error;
    }
  });
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
