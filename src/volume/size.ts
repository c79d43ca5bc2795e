import { folderBytes } from '../store/folder-bytes.ts';
import { isRemote } from './options.ts';
import type { Volume } from './store.ts';

/** Bytes of its files; -1 when a server has them, as the API says "not known". */
export async function volumeBytes({ device, paths }: Volume): Promise<number> {
  return device && isRemote(device) ? -1 : await folderBytes(paths.data);
}
