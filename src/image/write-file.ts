/** Bytes that are on the disk when the promise resolves; records go by src/store/record.ts. fsync(2) */
import { open } from 'node:fs/promises';

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
export function syncFolder(path: string): Promise<void> {
  return syncFile(path);
}

/** Brings to the disk what has been written to it, by whomever. */
export async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
