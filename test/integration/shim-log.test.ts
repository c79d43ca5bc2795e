import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { disposeAfterEach, readLog, sh, start } from '../support/shim-suite.ts';

disposeAfterEach();

async function logOf(script: string, plan = {}) {
  const shim = await start({ argv: sh(script), plan });
  await shim.control.line('exit');
  return { lines: readLog(shim.log), dir: shim.dir, path: shim.log };
}

describe('the log', () => {
  it('holds a line as it was, whatever its bytes', async () => {
    const text = 'quote " back \\\\ tab \\t <b> & \\001 \\177 ä 😀 \\342\\200\\250 cr\\r';
    const { lines, path } = await logOf(`printf '${text}\\n'`);
    const said = 'quote " back \\ tab \t <b> & \x01 \x7f ä 😀 \u2028 cr\r\n';
    expect(lines.map(({ log }) => log)).toEqual([said]);
    expect(readFileSync(path, 'utf8')).toContain('\\u003cb\\u003e \\u0026 \\u0001');
    expect(readFileSync(path, 'utf8')).toContain('\\u2028');
  });

  it('marks what is not UTF-8', async () => {
    const { lines, path } = await logOf("printf 'a\\377b\\355\\240\\200c\\303'");
    expect(lines[0]?.log).toBe('a\ufffdb\ufffd\ufffd\ufffdc\ufffd');
    expect(readFileSync(path, 'utf8')).toContain('a\\ufffdb');
  });

  it('gives each line the time of its reading, in UTC with nanoseconds', async () => {
    const before = Date.now();
    const { lines } = await logOf('echo a; sleep 0.02; echo b');
    const times = lines.map(({ time }) => Date.parse(time));
    expect(lines[0]?.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
    expect(times[0]).toBeGreaterThanOrEqual(before - 1);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(19);
    expect(times[1]).toBeLessThanOrEqual(Date.now());
  });

  it.each([
    [16383, [16384]],
    [16384, [16384, 1]],
    [16385, [16384, 2]],
    [40000, [16384, 16384, 7233]],
  ])('cuts a line of %i bytes into pieces of 16 KiB', async (length, sizes) => {
    const { lines } = await logOf(`head -c ${length} /dev/zero | tr '\\0' x; echo`);
    expect(lines.map(({ log }) => log.length)).toEqual(sizes);
    expect(lines.map(({ log }) => log).join('')).toBe(`${'x'.repeat(length)}\n`);
  });

  it('keeps the last line though it has no end', async () => {
    const { lines } = await logOf('printf "a\\nb"');
    expect(lines.map(({ log }) => log)).toEqual(['a\n', 'b']);
  });

  it('keeps lines of both streams whole though they are written in pieces', async () => {
    const { lines } = await logOf(
      'printf a; printf 1 >&2; sleep 0.02; printf "b\\n"; printf "2\\n" >&2',
    );
    expect(lines.map(({ log, stream }) => `${stream} ${log}`).sort()).toEqual([
      'stderr 12\n',
      'stdout ab\n',
    ]);
  });

  it('is rotated by size without losing or repeating a line', async () => {
    const plan = { logMaxBytes: 65_536, logMaxFiles: 100 };
    const { path } = await logOf('seq 1 20000', plan);
    const files = ['', ...Array.from({ length: 99 }, (_, i) => `.${i + 1}`)].filter((end) =>
      existsSync(path + end),
    );
    expect(files.length).toBeGreaterThan(10);
    const numbers = files
      .reverse()
      .flatMap((end) => readLog(path + end).map(({ log }) => Number(log)));
    expect(numbers).toEqual(Array.from({ length: 20000 }, (_, i) => i + 1));
    for (const end of files) expect(readFileSync(path + end).length).toBeLessThan(66_000);
  });

  it('has at most so many files, the last lines in them', async () => {
    const { path, lines } = await logOf('seq 1 20000', { logMaxBytes: 65_536, logMaxFiles: 3 });
    expect(['.1', '.2', '.3'].map((end) => existsSync(path + end))).toEqual([true, true, false]);
    expect(lines.at(-1)?.log).toBe('20000\n');
  });

  it('with one file is emptied when it is full', async () => {
    const { path, lines } = await logOf('seq 1 20000', { logMaxBytes: 65_536, logMaxFiles: 1 });
    expect(existsSync(`${path}.1`)).toBe(false);
    expect(lines.at(-1)?.log).toBe('20000\n');
    expect(readFileSync(path).length).toBeLessThan(66_000);
  });

  it('is not kept when its path is empty', async () => {
    const shim = await start({ argv: sh('echo x'), plan: { logPath: '' } });
    expect(await shim.control.line('exit')).toMatchObject({ exitCode: 0 });
    expect(existsSync(shim.log)).toBe(false);
  });

  it('loses lines, counted, when the disk is full, and the program runs on', async () => {
    const disk = execFileSync('mktemp', ['-d', '/tmp/petri-shim-full-XXXXXX'], {
      encoding: 'utf8',
    }).trim();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'petri-shim-full', disk]);
    try {
      const logPath = join(disk, 'log');
      const shim = await start({ argv: sh('seq 1 20000; exit 4'), plan: { logPath } });
      expect(await shim.control.line('exit')).toMatchObject({ exitCode: 4 });
      const kept = readLog(logPath).length;
      const record = JSON.parse(readFileSync(join(shim.dir, 'exit'), 'utf8'));
      expect(kept).toBeGreaterThan(100);
      expect(kept + record.logLinesLost).toBe(20000);
      await shim.dispose();
    } finally {
      execFileSync('umount', [disk]);
      execFileSync('rmdir', [disk]);
    }
  });
});
