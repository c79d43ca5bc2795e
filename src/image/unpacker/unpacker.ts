/** From a compressed archive to a folder that overlay can stand on. Where that is done is an unpacker's business. */
import { createHash, type Hash } from 'node:crypto';
import { chmodSync, closeSync, constants as fs, openSync } from 'node:fs';
import type { Digest } from '../descriptor.ts';
import { spent } from '../spent-buffers.ts';
import { decompress } from '../tar/decompress.ts';
import type { TarLimits } from '../tar/limits.ts';
import { unpack } from '../unpack.ts';
import type { GrowingFile } from './growing-file.ts';

export interface Unpacked {
  /** Of the uncompressed archive. */
  diffId: Digest;
  /** Sum of the files' sizes. */
  sizeBytes: number;
}

export interface Unpacker {
  /**
   * @param folder empty
   * @throws InvalidError for a bad archive, the reason of a file that failed; the folder is then half full
   */
  unpack(archive: GrowingFile, folder: string, limits: TarLimits): Promise<Unpacked>;
}

/** In this thread, giving way to others. */
export const unpackerHere: Unpacker = {
  unpack: (archive, folder, limits) => unpackInto(folder, archive.read(), limits),
};

/** @throws as Unpacker.unpack */
export async function unpackInto(
  folder: string,
  archive: AsyncIterable<Uint8Array>,
  limits: TarLimits,
): Promise<Unpacked> {
  const hash = createHash('sha256');
  const root = openSync(folder, fs.O_RDONLY | fs.O_DIRECTORY);
  try {
    // The image's root is readable to all unless the archive says otherwise.
    chmodSync(folder, 0o755);
    const plain = hashed(decompress(archive, limits), hash);
    const { sizeBytes } = await unpack(plain, root, limits);
    return { diffId: `sha256:${hash.digest('hex')}`, sizeBytes };
  } finally {
    closeSync(root);
  }
}

async function* hashed(source: AsyncIterable<Buffer>, hash: Hash): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    hash.update(chunk);
    yield chunk;
    spent(chunk);
  }
}
