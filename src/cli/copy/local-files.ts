/**
 * The files of this machine for `cp`: packing and unpacking. A bundle of its own (dist/local-files.mjs), because it
 * calls the kernel by FFI, which no other command needs.
 *
 * What is unpacked comes from a container, so it follows no link and does not leave the folder.
 */
import { closeSync, constants as fs, openSync } from 'node:fs';
import { pack } from '../../image/pack.ts';
import { decompress } from '../../image/tar/decompress.ts';
import { defaultLimits as limits } from '../../image/tar/limits.ts';
import { readTar } from '../../image/tar/read.ts';
import { writeTar } from '../../image/tar/write.ts';
import { assertSameKind, strictRules, Unpacker } from '../../image/unpack.ts';
import { components } from '../../image/unpack-names.ts';
import { constants } from '../../kernel/ffi.ts';
import { type Arrangement, renamed } from './arrange.ts';

/** The archive of a local file or folder; a link at the path's end is a link. */
export async function* packLocal(path: string, name: string): AsyncGenerator<Buffer> {
  const fd = openSync(path, constants.O_PATH | fs.O_NOFOLLOW);
  try {
    yield* writeTar(pack(fd, { name: Buffer.from(name) }));
  } finally {
    closeSync(fd);
  }
}

/** Unpacks into a local folder; what is made belongs to who runs the command. */
export async function unpackLocal(
  archive: AsyncIterable<Uint8Array>,
  arrangement: Arrangement,
): Promise<void> {
  const root = openSync(arrangement.folder, fs.O_RDONLY | fs.O_DIRECTORY);
  const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  const unpacker = new Unpacker(root, limits, {
    ...strictRules,
    meaningOf: () => ({ kind: 'plain' }),
    isSmuggledWhiteout: () => false,
    isKeptXattr: (name) => owner.uid === 0 && strictRules.isKeptXattr(name),
    assertReplaceable: assertSameKind,
  });
  try {
    for await (const entry of readTar(decompress(archive, limits), limits)) {
      const path = renamed(entry.path, arrangement);
      if (components(path, limits).length === 0) continue;
      const linkPath =
        entry.type === 'link' ? renamed(entry.linkPath, arrangement) : entry.linkPath;
      await unpacker.add({ ...entry, ...owner, path, linkPath });
    }
    await unpacker.finish();
  } finally {
    closeSync(root);
  }
}
