import { describe, expect, it } from 'vitest';
import { parseShimLine } from '../../src/step/shim-lines.ts';

describe('parseShimLine', () => {
  it('reads the four kinds', () => {
    expect(parseShimLine('step 3 -1 2 100 20')).toEqual({
      kind: 'step',
      result: { n: 3, ret: -1, errno: 2, startNs: 100, durationNs: 20 },
    });
    expect(parseShimLine('running 12 345')).toEqual({ kind: 'running', pid: 12, startTicks: 345 });
    expect(parseShimLine('failed 7 13')).toEqual({ kind: 'failed', n: 7, errno: 13 });
    expect(parseShimLine('exit 137 9 1767225600123456789')).toEqual({
      kind: 'exit',
      exitCode: 137,
      signal: 9,
      atNs: 1767225600123456789n,
    });
  });

  it.each(['', 'step', 'step 1 2 3 4', 'running x 1', 'exit 1 2', 'hello 1', 'running 1 2 3'])(
    'refuses %j',
    (line) => {
      expect(() => parseShimLine(line)).toThrow(/malformed line from the shim/);
    },
  );
});
