/** An attribute of ext4: set where there is one, no error where there is none. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { markTopFolder } from '../../../src/kernel/top-folder.ts';

const folder = mkdtempSync(join(tmpdir(), 'petri-top-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('is set, once and again, where the filesystem has it', () => {
  const isExt4 = execFileSync('stat', ['-f', '-c', '%T', folder], { encoding: 'utf8' }).startsWith(
    'ext',
  );
  for (let i = 0; i < 2; i++) expect(markTopFolder(folder)).toBe(isExt4);
  if (!isExt4) return;
  const shown = execFileSync('lsattr', ['-d', folder], { encoding: 'utf8' });
  expect(shown.split(' ')[0]).toContain('T');
});

test('on a filesystem without attributes it is no error', () => {
  expect(markTopFolder('/proc')).toBe(false);
});
