/** Sparse files as GNU tar writes them, in each of its forms: the holes stay holes, the bytes lie where they lay. */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  createReadStream,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readTar } from '../../src/image/tar/read.ts';
import { writeBody } from '../../src/image/write-body.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'petri-sparse-'));
  makeFile('few', [0, 3 << 20], 8 << 20);
  makeFile(
    'many',
    Array.from({ length: 60 }, (_, i) => (2 * i + 1) << 16),
    60 << 17,
  );
  makeFile('hole', [], 1 << 20);
  makeFile('last', [1 << 19], 1 << 20);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** @param at where bytes are */
function makeFile(name: string, at: readonly number[], size: number): void {
  const fd = openSync(join(folder, name), 'w');
  for (const position of at) writeSync(fd, `here at ${position}`, position);
  ftruncateSync(fd, size);
  closeSync(fd);
}

const forms = [
  ['gnu', ['--format=gnu']],
  ['pax 0.1', ['--format=pax', '--sparse-version=0.1']],
  ['pax 1.0', ['--format=pax', '--sparse-version=1.0']],
] as const;

describe.each(forms)('%s', (form, flags) => {
  test.each(['few', 'many', 'hole'])('%s', async (name) => {
    const tar = join(folder, 'archive.tar');
    execFileSync('tar', ['-S', ...flags, '-C', folder, '-cf', tar, name, 'last']);
    const found: string[] = [];
    for await (const entry of readTar(createReadStream(tar) as AsyncIterable<Buffer>)) {
      const path = entry.path.toString();
      found.push(path);
      expect(entry.segments, form).toBeDefined();
      const out = join(folder, 'out');
      const fd = openSync(out, 'w');
      await writeBody(fd, entry);
      closeSync(fd);
      expect(readFileSync(out).equals(readFileSync(join(folder, path)))).toBe(true);
      expect(statSync(out).blocks * 512).toBeLessThan(statSync(out).size);
    }
    expect(found).toEqual([name, 'last']);
  });
});
