/** Files that are whole or not there: temporary file, fsync, rename, fsync of the folder. rename(2) */
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Replaces `path` by `data`, durably. */
export async function writeFileDurably(path: string, data: string | Uint8Array): Promise<void> {
  const temporary = `${path}.new`;
  await writeNewFile(temporary, data);
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

/** Writes and syncs a file whose folder is not visible yet. */
export async function writeNewFile(path: string, data: string | Uint8Array): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A rename is on the disk when the folders it touched are. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
