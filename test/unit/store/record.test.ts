import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { quarantine, readRecord, writeRecord } from '../../../src/store/record.ts';

const schema = z.object({ schema: z.literal(1), name: z.string() });
const record = { schema: 1 as const, name: 'quiet_pond' };

let dir: string;
let path: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'petri-record-'));
  path = join(dir, 'record.json');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('a record', () => {
  it('reads back as it was written, and leaves no temporary file', async () => {
    await writeRecord(path, record);
    expect(await readRecord(path, schema)).toEqual(record);
    expect(await readdir(dir)).toEqual(['record.json']);
  });

  it('is plain JSON for everybody else', async () => {
    await writeRecord(path, record);
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject(record);
  });

  it('is the last of many writes begun at once', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `n${i}`);
    await Promise.all(names.map((name) => writeRecord(path, { ...record, name })));
    expect(await readRecord(path, schema)).toMatchObject({ name: 'n19' });
  });

  it('is found broken or unchanged whichever byte is flipped', async () => {
    await writeRecord(path, record);
    const good = await readFile(path);
    for (let i = 0; i < good.length; i++) {
      const bad = Buffer.from(good);
      bad[i] = (bad[i] as number) ^ 1;
      await writeFile(path, bad);
      const outcome = await readRecord(path, schema).catch(() => 'broken');
      expect(['broken', record]).toContainEqual(outcome);
    }
  });

  it('may be edited by hand when the checksum is taken out', async () => {
    await writeFile(path, JSON.stringify({ ...record, name: 'edited' }));
    expect(await readRecord(path, schema)).toMatchObject({ name: 'edited' });
  });
});

describe('a broken record', () => {
  const failure = () =>
    readRecord(path, schema).then(
      () => 'read',
      (error: Error) => error.message,
    );

  it.each([
    ['empty', '', /is empty/],
    ['cut', '{"schema": 1, "na', /JSON/],
    ['no object', 'null', /broken/],
    ['of the wrong shape', '{"schema": 1, "name": 7}', /expected string.*name/],
    ['of a newer Petri', '{"schema": 2}', /schema 2.*up to 1.*newer/],
  ])('that is %s is named with the reason', async (_, text, reason) => {
    await writeFile(path, text);
    expect(await failure()).toMatch(reason);
    expect(await failure()).toContain(path);
  });

  it('that is a folder, a link or a fifo is neither followed nor waited for', async () => {
    await mkdir(path);
    expect(await failure()).toMatch(/not a plain file|EISDIR/);
    await rm(path, { recursive: true });
    await symlink('/etc/passwd', path);
    expect(await failure()).toMatch(/ELOOP/);
    await rm(path);
    execFileSync('mkfifo', [path]);
    expect(await failure()).toMatch(/not a plain file/);
  });

  it('is set aside and reported', async () => {
    await writeFile(path, '');
    const lines: unknown[] = [];
    const log = { error: (...line: unknown[]) => void lines.push(line) };
    const aside = await quarantine(path, new Error('it is empty'), log as never);
    expect(await readdir(dir)).toEqual([aside.slice(dir.length + 1)]);
    expect(aside).toContain('record.json.broken-');
    expect(JSON.stringify(lines)).toContain('it is empty');
  });
});
