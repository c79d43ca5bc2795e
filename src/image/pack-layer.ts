/**
 * An overlay's upper folder as a layer: what is deleted becomes `.wh.` files, a folder made anew `.wh..wh..opq`.
 * The other direction of unpack.ts. OCI image-spec, layer.md "Whiteouts"
 */
import { readdirSync } from 'node:fs';
import { InvalidError } from '../errors/errors.ts';
import { assertWhole, isOpaque, isWhiteout } from './overlay-marks.ts';
import { type Found, pack } from './pack.ts';
import type { TarHeader } from './tar/encode.ts';
import { writeTar } from './tar/write.ts';
import { isKeptXattr, show } from './unpack-names.ts';

/**
 * @param upper descriptor of the folder
 * @returns undefined when nothing was changed
 * @throws InvalidError for a file whose name would hide another one
 */
export function packLayer(upper: number): AsyncGenerator<Buffer> | undefined {
  if (readdirSync(`/proc/self/fd/${upper}`).length === 0) return undefined;
  return packWholeLayer(upper);
}

/** The same folder, or what was unpacked of its archive, gives the same bytes. @throws as `packLayer` */
export function packWholeLayer(folder: number): AsyncGenerator<Buffer> {
  const entries = pack(folder, {
    name: Buffer.alloc(0),
    hasTop: true,
    translate,
    inFolder: (found) => (isOpaque(found.fd) ? [mark(under(found.path, '.wh..wh..opq'))] : []),
    isKeptXattr(name) {
      assertWhole(name);
      return isKeptXattr(name);
    },
  });
  return writeTar(entries);
}

function translate(found: Found): TarHeader[] | undefined {
  const at = found.path.lastIndexOf(0x2f) + 1;
  const name = found.path.subarray(at);
  if (isWhiteout(found.attributes))
    return [mark(Buffer.concat([found.path.subarray(0, at), Buffer.from('.wh.'), name]))];
  if (name.toString('latin1', 0, 4) === '.wh.')
    throw new InvalidError(
      `cannot make a layer: in an image the name ${show(found.path)} would hide another file`,
    );
  return undefined;
}

function under(folder: Buffer, name: string): Buffer {
  return Buffer.concat([folder, Buffer.from(`/${name}`)]);
}

/** An empty file that means something by its name, and by nothing else: its owner and time do not survive unpacking. */
function mark(path: Buffer): TarHeader {
  return {
    path,
    type: 'file',
    mode: 0o600,
    uid: 0,
    gid: 0,
    size: 0,
    mtime: { seconds: 0, nanoseconds: 0 },
    linkPath: Buffer.alloc(0),
    devMajor: 0,
    devMinor: 0,
    xattrs: new Map(),
  };
}
