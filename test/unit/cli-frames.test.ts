import { PassThrough, Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  demultiplex,
  FrameParser,
  formatFrame,
  type StreamName,
} from '../../src/api/client/frames.ts';

const frame = fc.record({
  stream: fc.constantFrom<StreamName>('stdout', 'stderr'),
  bytes: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
});

/** Cuts bytes at arbitrary places. */
function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const cuts = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort(
    (a, b) => a - b,
  );
  return [0, ...cuts].map((from, i) => bytes.subarray(from, cuts[i] ?? bytes.length));
}

function only(
  stream: StreamName,
  pieces: readonly { stream: StreamName; bytes: Buffer }[],
): Buffer {
  return Buffer.concat(pieces.filter((piece) => piece.stream === stream).map(({ bytes }) => bytes));
}

describe('docker frames', () => {
  it('come out as they went in, wherever the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(frame), fc.array(fc.nat()), (frames, places) => {
        const wire = Buffer.concat(frames.map(formatFrame));
        const parser = new FrameParser();
        const pieces = cutAt(wire, places).flatMap((chunk) => parser.push(chunk));
        expect(only('stdout', pieces)).toEqual(only('stdout', frames));
        expect(only('stderr', pieces)).toEqual(only('stderr', frames));
        expect(parser.isComplete).toBe(true);
      }),
    );
  });

  it('gives the beginning of a payload before its end has come', () => {
    const parser = new FrameParser();
    const wire = formatFrame({ stream: 'stderr', bytes: Buffer.from('abcdef') });
    expect(parser.push(wire.subarray(0, 11))).toEqual([
      { stream: 'stderr', bytes: Buffer.from('abc') },
    ]);
    expect(parser.isComplete).toBe(false);
  });

  it('refuses a stream it does not know', () => {
    expect(() => new FrameParser().push(Buffer.from([7, 0, 0, 0, 0, 0, 0, 1, 0]))).toThrow(
      'unrecognized stream 7',
    );
  });

  it('are split onto two writers', async () => {
    const frames = [
      { stream: 'stdout' as const, bytes: Buffer.from('out') },
      { stream: 'stderr' as const, bytes: Buffer.from('err') },
    ];
    const targets = { stdout: new PassThrough(), stderr: new PassThrough() };
    await demultiplex(Readable.from(frames.map(formatFrame)), targets);
    expect(String(targets.stdout.read())).toBe('out');
    expect(String(targets.stderr.read())).toBe('err');
  });
});
