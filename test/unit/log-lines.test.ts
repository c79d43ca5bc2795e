import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseLogLines } from '../../src/container/log-lines.ts';

const TIME = '2026-01-02T03:04:05.123456789Z';
const line = (log: string, stream = 'stdout', time = TIME) =>
  `${JSON.stringify({ log, stream, time })}\n`;
const parsed = (text: string) =>
  parseLogLines(Buffer.from(text)).map(({ stream, time, text: bytes }) => [
    bytes.toString(),
    stream,
    time,
  ]);

describe('lines of a log', () => {
  test('any text comes back as it was, plain or escaped', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('\\', '\\n', 'a\\\n', '"', '\n'),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(text, fc.constantFrom('stdout', 'stderr'), fc.boolean())),
        (lines) => {
          const entries = lines.map(([log, stream, ended]) => [
            ended ? `${log}\n` : log,
            stream,
            TIME,
          ]);
          expect(parsed(entries.map(([log = '', stream]) => line(log, stream)).join(''))).toEqual(
            entries,
          );
        },
      ),
    );
  });

  test('of another form are read as JSON', () => {
    expect(parsed('{"stream":"stderr","log":"x\\n","time":"2026"}\n')).toEqual([
      ['x\n', 'stderr', '2026'],
    ]);
  });

  test('that are torn are passed over', () => {
    expect(parsed(`{"log":"a\n${line('b\n')}`)).toEqual([['b\n', 'stdout', TIME]]);
  });
});
