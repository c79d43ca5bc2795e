import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderBytes } from '../../src/store/folder-bytes.ts';

test('files count once, however many names they have; links and folders count nothing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'petri-bytes-'));
  mkdirSync(join(folder, 'in'));
  writeFileSync(join(folder, 'one'), Buffer.alloc(1000));
  linkSync(join(folder, 'one'), join(folder, 'in/second'));
  writeFileSync(join(folder, 'in/two'), Buffer.alloc(10));
  symlinkSync('/etc', join(folder, 'in/link'));
  expect(await folderBytes(folder)).toBe(1010);
  rmSync(folder, { recursive: true });
  expect(await folderBytes(folder)).toBe(0);
});
