import { folderBytes } from '../store/folder-bytes.ts';
import type { Container } from './table.ts';

/** Sum of the sizes of the files in its writable layer. Slow for a large one. */
export function ownLayerBytes({ paths }: Container): Promise<number> {
  return folderBytes(paths.upper);
}
