/**
 * One supervisor per data root, by a lock of the kernel's (flock(2)) and not by a pid file: it goes with
 * the process, however that ends.
 */

import { ftruncateSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SystemError } from '../errors/errors.ts';
import { close, flock } from '../kernel/files.ts';

/**
 * @param path the lock file; who holds it is written into it
 * @returns lets the lock go
 * @throws SystemError naming who holds it
 */
export async function lockDataRoot(path: string): Promise<() => void> {
  const fd = flock(path);
  if (fd === 'held')
    throw new SystemError(
      `data root ${dirname(path)} is in use by ${await holder(path)}: stop it, or choose another --data-root`,
    );
  ftruncateSync(fd);
  writeSync(fd, `${process.pid}\n`, 0);
  return () => close(fd);
}

async function holder(path: string): Promise<string> {
  const pid = Number(await readFile(path, 'utf8'));
  if (!Number.isInteger(pid) || pid <= 0) return 'another supervisor';
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  const shown = command.split('\0').filter(Boolean).join(' ');
  return shown ? `process ${pid} (${shown})` : `process ${pid}`;
}
