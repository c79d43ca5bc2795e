/** The threads that unpack: one that is being ended is given nothing more to do. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { defaultLimits } from '../../src/image/tar/limits.ts';
import { GrowingFile } from '../../src/image/unpacker/growing-file.ts';
import { UnpackPool } from '../../src/image/unpacker/pool.ts';
import { archive, entry } from '../unit/tar-archive.ts';

test('whatever comes just when an idle thread is ended is unpacked', async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'petri-pool-'));
  const pool = new UnpackPool(resolve('dist/unpack-worker.mjs'), 1, 1);
  const path = join(scratch, 'layer.tar');
  const bytes = archive(entry({ name: 'file', body: 'here' }));
  writeFileSync(path, bytes);
  try {
    for (let i = 0; i < 30; i++) {
      const folder = join(scratch, String(i));
      mkdirSync(folder);
      const file = new GrowingFile(path, () => undefined);
      file.grow(bytes.length);
      file.complete();
      await pool.unpack(file, folder, defaultLimits);
      expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('here');
      // The moment is what is tried out here: before the thread is told to end, while it ends, after it.
      await delay(i / 6);
    }
  } finally {
    await pool.close();
    rmSync(scratch, { recursive: true });
  }
});
